"""Settings come from one file and the environment; a wrong one is named in one sentence."""

from pathlib import Path

import pytest

from ingestion_api.__main__ import main
from ingestion_api.settings_load import SettingsError, load_settings, misspelled_variables
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer


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
    settings = load_settings()
    assert (settings.port, settings.queue_limit, settings.job_ttl) == (8090, 10, 86_400.0)
    assert settings.database == f"sqlite:///{tmp_path}/service/service.db"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name by name."""
    file = written(tmp_path, "port: 9000\nqueue_limit: 20\ntrusted_hosts: [git.example, 'tower:3000']\n")
    monkeypatch.setenv("SERVICE_QUEUE_LIMIT", "30")
    monkeypatch.setenv("SERVICE_REPOSITORY_SCHEMES", "https, http")
    settings = load_settings(file)
    assert (settings.port, settings.queue_limit) == (9000, 30)
    assert settings.trusted_hosts == ("git.example", "tower:3000")
    assert settings.repository_schemes == ("https", "http")


def test_postgresql_is_spoken_to_through_psycopg(tmp_path: Path) -> None:
    """However its address is written."""
    settings = load_settings(
        written(tmp_path, "database_url: postgresql://u:p%40@host:5433/x?sslmode=require")
    )
    assert settings.database == "postgresql+psycopg://u:p%40@host:5433/x?sslmode=require"


def test_the_cache_is_the_backends_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """REDIS_URL is how the backend's cache is named everywhere in the house."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/2")
    cache = load_settings().cache_url
    assert cache is not None
    assert cache.get_secret_value() == "redis://127.0.0.1:1/2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port: many", "port is 'many': input should be a valid integer"),
        ("queue_limit: 0", "queue_limit is 0: input should be greater than or equal to 1"),
        (
            "broker_url: amqp://guest:secret@host",
            "broker_url: is a hidden value that is no Redis URL; expected redis://",
        ),
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
        load_settings(written(tmp_path, text))
    assert said in str(error.value)
    assert "secret" not in str(error.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(SettingsError, match=r"nowhere\.yml cannot be read: No such file"):
        load_settings(tmp_path / "nowhere.yml")


def test_check_only_checks(
    tmp_path: Path, redis_server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 and what was opened, or 2 and the sentence."""
    text = f"port: 9000\nrun_dir: {tmp_path}/run\nbroker_url: {redis_server.url}"
    assert main(["--check", "--config", str(written(tmp_path, text))]) == 0
    assert capsys.readouterr().out == "The settings are right.\ndatabase_url: ok\nbroker_url: ok\n"
    assert not (tmp_path / "run").exists()
    assert main(["--check", "--config", str(written(tmp_path, "port: x"))]) == 2
    assert capsys.readouterr().err.startswith("port is 'x'")


def test_a_misspelled_variable_is_told() -> None:
    """With the setting that was meant; what may be anybody's is left alone."""
    foreign = ["SERVICE_NAME", "SERVICE_PORT_8090_TCP", "SERVICE_SERVICE_HOST", "SERVICE_HOSTNAME"]
    ours = ["SERVICE_PORT", "service_token_file", "RUN_DIR"]
    assert misspelled_variables(["SERVICE_BROKERURL", *foreign, *ours]) == [
        "SERVICE_BROKERURL is not a setting and has no effect; did you mean SERVICE_BROKER_URL? "
        "docs/settings.md lists those that are"
    ]


def test_check_tells_of_a_misspelled_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside what it opened."""
    monkeypatch.setenv("SERVICE_TOKENFILE", "token")
    assert main(["--check", "--config", str(written(tmp_path, f"run_dir: {tmp_path}\nbroker_url: ''"))]) == 0
    assert "did you mean SERVICE_TOKEN_FILE?" in capsys.readouterr().err


def test_a_database_file_that_cannot_be_opened_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the start, where somebody reads it; with no traceback."""
    (tmp_path / "folder").mkdir()
    address = f"sqlite:///{tmp_path}/folder"
    assert main(["--config", str(written(tmp_path, f"run_dir: {tmp_path}\ndatabase_url: {address}\n"))]) == 1
    assert capsys.readouterr().err == "The service's database file cannot be opened; see database_url.\n"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("broker_url: redis://nobody:wrong@{redis}/0", "broker_url: The queue's broker refused the password"),
        ("broker_url: rediss://{redis}/0", "broker_url: The queue's broker speaks no TLS"),
        ("broker_url: redis://127.0.0.1:1/0", "broker_url: The queue's broker does not answer"),
        ("cache_url: redis://127.0.0.1:1/0", "cache_url: Redis does not answer"),
        ("edge_url: rediss://{redis}/0", "edge_url: Redis speaks no TLS"),
        ("database_url: postgresql://{postgres}?sslmode=require", "database_url: the database speaks no TLS"),
        (
            "resources_url: postgresql://{postgres}?options=-c%20nonsense%3D1",
            "resources_url: the database refused the start-up parameter nonsense",
        ),
        ("resources_url: sqlite:////nowhere/neo.db", "resources_url: there is no file /nowhere/neo.db"),
        ("database_url: sqlite:///{folder}/service.yml/own.db", "own.db cannot be made in"),
    ],
)
def test_check_opens_what_the_use_opens(  # noqa: PLR0917  (each is a server)
    tmp_path: Path,
    redis_server: RedisServer,
    postgres_server: PostgresServer,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    said: str,
) -> None:
    """And says what is wrong with the way to it, once for each setting."""
    postgres = postgres_server.url.partition("://")[2].partition("?")[0]
    text = setting.format(redis=f"127.0.0.1:{redis_server.port}", postgres=postgres, folder=tmp_path)
    usual = "" if "broker_url" in text else f"broker_url: {redis_server.url}\n"
    file = written(tmp_path, f"run_dir: {tmp_path}\n{usual}{text}\n")
    assert main(["--check", "--config", str(file)]) == 1
    out = capsys.readouterr().out
    assert said in out
    assert "wrong@" not in out


def test_an_empty_broker_is_none(tmp_path: Path) -> None:
    """What `make run` tells the service of a system whose broker is no Redis."""
    assert load_settings(written(tmp_path, "broker_url: ''\ncache_url: ''")).broker_url is None


def test_a_socket_has_its_name_in_celery(tmp_path: Path) -> None:
    """The other one is refused with it."""
    with pytest.raises(SettingsError, match=r"expected redis\+socket:///PATH\?virtual_host=NUMBER"):
        load_settings(written(tmp_path, "broker_url: unix:///run/r.sock?db=3"))
