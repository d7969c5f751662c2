"""Settings come from one file and the environment; a wrong one is named in one sentence."""

from pathlib import Path

import pytest

from ingestion_api.__main__ import main
from ingestion_api.settings_file import SettingsError, load


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own."""
    for name in ("RUN_DIR", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def written(tmp_path: Path, text: str) -> Path:
    """A settings file."""
    file = tmp_path / "service.yml"
    file.write_text(text)
    return file


def test_without_anything_there_are_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite beside the state of the run, ten jobs, a day."""
    monkeypatch.setenv("RUN_DIR", str(tmp_path))
    settings = load()
    assert (settings.port, settings.queue_limit, settings.job_ttl) == (8090, 10, 86_400.0)
    assert settings.database == f"sqlite:///{tmp_path}/service/service.db"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name by name."""
    file = written(tmp_path, "port: 9000\nqueue_limit: 20\ntrusted_hosts: [git.example, 'tower:3000']\n")
    monkeypatch.setenv("SERVICE_QUEUE_LIMIT", "30")
    monkeypatch.setenv("SERVICE_REPOSITORY_SCHEMES", "https, http")
    settings = load(file)
    assert (settings.port, settings.queue_limit) == (9000, 30)
    assert settings.trusted_hosts == ("git.example", "tower:3000")
    assert settings.repository_schemes == ("https", "http")


def test_postgresql_is_spoken_to_through_psycopg(tmp_path: Path) -> None:
    """However its address is written."""
    settings = load(written(tmp_path, "database_url: postgresql://u:p%40@host:5433/x?sslmode=require"))
    assert settings.database == "postgresql+psycopg://u:p%40@host:5433/x?sslmode=require"


def test_the_cache_is_the_backends_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """REDIS_URL is how the backend's cache is named everywhere in the house."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/2")
    cache = load().cache_url
    assert cache is not None
    assert cache.get_secret_value() == "redis://127.0.0.1:1/2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port: many", "port is 'many': input should be a valid integer"),
        ("queue_limit: 0", "queue_limit is 0: input should be greater than or equal to 1"),
        ("broker_url: amqp://guest:secret@host", "broker_url: is not a Redis address; expected redis://"),
        (
            "database_url: mysql://u:secret@host/x",
            "database_url: names mysql, or no file; expected sqlite:///FILE",
        ),
        ("database_url: 'sqlite://'", "database_url: names sqlite, or no file"),
        ("resources_url: secret", "resources_url: is no database address; expected sqlite:///FILE"),
        ("dispatch: pigeon", "dispatch is 'pigeon': input should be 'celery' or 'edge'"),
        ("dispatch: edge", "dispatch is 'edge' but edge_url is missing"),
        (
            "soft_time_limit: 10\nhard_time_limit: 5",
            "hard_time_limit is 5.0; expected more than soft_time_limit",
        ),
        ("colour: green", "colour is 'green': extra inputs are not permitted"),
        ("- a", "holds a list; expected names and values"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_wrong_setting_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    """With its name, its value and what was expected; never a password."""
    with pytest.raises(SettingsError) as error:
        load(written(tmp_path, text))
    assert said in str(error.value)
    assert "secret" not in str(error.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(SettingsError, match=r"nowhere\.yml cannot be read: No such file"):
        load(tmp_path / "nowhere.yml")


def test_check_only_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 and a word, or 2 and the sentence."""
    assert main(["--check", "--config", str(written(tmp_path, "port: 9000"))]) == 0
    assert capsys.readouterr().out == "The settings are right.\n"
    assert main(["--check", "--config", str(written(tmp_path, "port: x"))]) == 2
    assert capsys.readouterr().err.startswith("port is 'x'")


def test_a_database_file_that_cannot_be_opened_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the start, where somebody reads it; with no traceback."""
    (tmp_path / "folder").mkdir()
    address = f"sqlite:///{tmp_path}/folder"
    assert main(["--config", str(written(tmp_path, f"run_dir: {tmp_path}\ndatabase_url: {address}\n"))]) == 1
    assert capsys.readouterr().err == "The service's database file cannot be opened; see database_url.\n"
