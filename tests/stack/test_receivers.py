"""Receivers of Alertmanager: their secrets are there, and their webhooks accept connections."""

import socket
from pathlib import Path

import pytest

from ingestion_api.access.tokens import operator_token
from ingestion_api.settings import Settings as ServiceSettings
from stack import receivers, settings
from stack.errors import StackError
from stack.settings import Settings


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return settings.read_settings(run_dir=tmp_path, service_port=18090)


def test_the_token_for_the_service_is_made_once_and_for_us_only(chosen: Settings) -> None:
    path = receivers.make_webhook_token(chosen)
    made = path.read_text()
    assert len(made) > 30
    assert path.stat().st_mode & 0o777 == 0o600
    assert receivers.make_webhook_token(chosen).read_text() == made


def test_a_secret_that_is_not_there_is_reported(chosen: Settings, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("ours")
    missing = tmp_path / "pagerduty-key"
    document = {
        "receivers": [{"pagerduty_configs": [{"routing_key_file": str(missing)}]}, {"x_file": str(there)}]
    }
    with pytest.raises(StackError) as refused:
        receivers.require_secret_files(document, tmp_path / "receivers.yml")
    assert str(refused.value) == f"{missing} is missing; {tmp_path / 'receivers.yml'} expects a secret in it"


def test_a_webhook_where_nobody_listens_is_reported(chosen: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as heard, socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        ports = heard.getsockname()[1], mute.getsockname()[1], chosen.service_port
        hooks = [{"url": f"http://127.0.0.1:{port}/hook?key=secret"} for port in ports]
        sentences = [*receivers.unreachable_webhooks({"receivers": [{"webhook_configs": hooks}]}, chosen)]
    assert sentences == [
        f"the webhook at 127.0.0.1:{ports[1]} does not respond (Connection refused); "
        "Alertmanager keeps its alerts until it does"
    ]


def test_the_service_accepts_its_token(chosen: Settings) -> None:
    file = receivers.make_webhook_token(chosen)
    assert operator_token(ServiceSettings(token_file=file)).matches(file.read_text().strip())
