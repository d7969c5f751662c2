"""The settings of the stack come from the environment; a wrong one is reported in one sentence."""

import os
from pathlib import Path

import pytest

from stack import settings
from stack.errors import StackError
from stack.processes import RunContext, process_specs
from stack.settings import Settings
from stack.target_system import target_system
from tests.stack.watchroom import TARGET_SETTINGS

GIVEN = {
    "BACKEND_URL": "https://neo.example:8443/base/",
    "DATABASE_URL": "postgresql+psycopg://neo@db.example/neo",
    "CELERY_BROKER_URL": "redis://redis.example/0",
}


@pytest.fixture(autouse=True)
def _no_system_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {name for name in os.environ if name.endswith("_PORT")} | {"RUN_DIR", *TARGET_SETTINGS}:
        monkeypatch.delenv(name, raising=False)


def plan(chosen: Settings, tmp_path: Path) -> RunContext:
    return RunContext(
        chosen, target_system(chosen), tmp_path / "prometheus.yml", tmp_path / "alertmanager.yml"
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("EXPORTER_PORT", "http", "EXPORTER_PORT is 'http'; expected a valid integer"),
        ("PROMETHEUS_PORT", "70000", "PROMETHEUS_PORT is '70000'; expected less than or equal to 65535"),
        ("READY_SECONDS", "0", "READY_SECONDS is '0'; expected greater than 0"),
        ("BACKEND_URL", "ftp://neo", "BACKEND_URL is no address; expected http:// or https:// and a host"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StackError) as refused:
        settings.read_settings()
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


def test_a_password_in_the_address_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_URL", "http://neo:hunter2@backend")
    with pytest.raises(StackError, match="without credentials") as refused:
        settings.read_settings()
    assert "hunter2" not in str(refused.value)


def test_an_empty_setting_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_URL", "")
    assert settings.read_settings().backend_url is None


def test_without_a_backend_the_demo_is_monitored(tmp_path: Path) -> None:
    chosen = settings.read_settings(run_dir=tmp_path)
    entries = {it.name: it for it in process_specs(plan(chosen, tmp_path))}
    assert list(entries)[:4] == ["demo", "exporter", "service", "service-worker"]
    known = entries["exporter"].environment
    assert known["BACKEND_URL"] == entries["demo"].url
    assert known["BACKEND_TOKEN_FILE"] == str(tmp_path / "demo" / "token")
    assert known["DATABASE_URL"].startswith(f"sqlite:///{tmp_path}")
    assert known["REDIS_URL"].endswith("/2")
    assert known["CELERY_BROKER_URL"].endswith("/0")
    assert known["CELERY_RESULT_BACKEND"].endswith("/1")


def test_a_given_backend_is_monitored_without_the_demo(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    chosen = settings.read_settings(run_dir=tmp_path)
    entries = {it.name: it for it in process_specs(plan(chosen, tmp_path))}
    assert "demo" not in entries
    # what is given reaches the exporter as it is, from the environment it inherits
    ours = {"SERVICE_URL", "PROMETHEUS_URL", "EXPORTER_PORT", "EXPORTER_HOST"}
    assert set(entries["exporter"].environment) == ours
    assert entries["exporter"].wait_for == ()
    # its queue is beside the backend's; whose resources it may write to is for its owner to say
    environment = entries["service"].environment
    assert environment["SERVICE_BROKER_URL"] == "redis://redis.example/4"
    assert not {"SERVICE_RESOURCES_URL", "SERVICE_CACHE_URL", "SERVICE_TRUSTED_HOSTS"} & environment.keys()


def test_a_given_token_is_kept_in_a_file_for_prometheus(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BACKEND_URL", "http://neo.example")
    monkeypatch.setenv("BACKEND_TOKEN", "a-token-of-ours")
    file = target_system(settings.read_settings(run_dir=tmp_path)).token_file
    assert file is not None
    assert file.read_text() == "a-token-of-ours"
    assert file.stat().st_mode & 0o777 == 0o600


def test_all_ports_are_settings_with_their_defaults(tmp_path: Path) -> None:
    found = {
        port.setting: port.number
        for it in process_specs(plan(settings.read_settings(run_dir=tmp_path), tmp_path))
        for port in it.ports
    }
    expected = {
        "DEMO_PORT": 8000,
        "DEMO_CONTROL_PORT": 8001,
        "DEMO_REDIS_PORT": 6390,
        "SERVICE_PORT": 8090,
        "EXPORTER_PORT": 9810,
        "PROMETHEUS_PORT": 9090,
        "ALERTMANAGER_PORT": 9093,
    }
    assert expected.items() <= found.items()
