"""The tokens that `make run` and `make compose-secrets` make are ones that the service takes."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ingestion_api.access.tokens import operator_token
from ingestion_api.settings import Settings as ServiceSettings
from stack import receivers, settings
from stack.compose.render import ROOT


def is_taken(file: Path) -> bool:
    return operator_token(ServiceSettings(token_file=file)).matches(file.read_text().strip())


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script of `make compose-secrets`, in a folder of its own."""
    shutil.copy(ROOT / "stack" / "compose" / "secrets.sh", tmp_path)
    return tmp_path / "secrets.sh"


def test_compose_secrets_makes_tokens_that_the_service_takes(script: Path) -> None:
    subprocess.run([script], check=True, timeout=30)
    made = {it.name: it.read_text() for it in (script.parent / "secrets").iterdir()}
    assert {"service-token", "webhook-token"} <= made.keys()
    assert not [name for name in made if name.endswith(".new")]
    for name in made:
        assert is_taken(script.parent / "secrets" / name)
    subprocess.run([script], check=True, timeout=30)
    assert {it.name: it.read_text() for it in (script.parent / "secrets").iterdir()} == made


def test_make_run_makes_a_token_that_the_service_takes(tmp_path: Path) -> None:
    assert is_taken(receivers.make_webhook_token(settings.read_settings(run_dir=tmp_path)))
