"""The addresses in settings: which of them the exporter can read, and what is said of the others."""

import pytest
from pydantic import SecretStr, ValidationError

from exporter.settings_backend import BackendSettings
from exporter.settings_queues import CelerySettings
from exporter.settings_stores import RedisSettings
from exporter.settings_types import parse_database_url, sqlite_file, url_scheme

SENTINELS = "sentinel://a:1;sentinel://b:2"


@pytest.mark.parametrize(
    ("url", "kind", "name"),
    [
        ("postgres://u:p@host/neo", "postgresql", "neo"),
        ("postgresql+psycopg://host/postgres", "postgresql", "postgres"),
        ("sqlite:////var/neo.db", "sqlite", "/var/neo.db"),
        ("sqlite+aiosqlite:///neo.db", "sqlite", "neo.db"),
    ],
)
def test_a_database_is_known_by_its_url_whatever_the_driver(url: str, kind: str, name: str) -> None:
    address = parse_database_url(url)
    assert (address.get_backend_name(), address.database) == (kind, name)


@pytest.mark.parametrize(
    ("url", "file"),
    [("sqlite:////var/neo.db", "/var/neo.db"), ("sqlite:///file:/var/neo.db?uri=true", "/var/neo.db")],
)
def test_the_file_of_a_database(url: str, file: str) -> None:
    assert sqlite_file(parse_database_url(url)) == file


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:neo?mode=memory&cache=shared&uri=true"]
)
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is a SQLite database in memory"):
        parse_database_url(url)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../UTC", ""])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match=f"is {zone!r}; expected the name of a time zone"):
        BackendSettings(time_zone=zone)
    assert BackendSettings(time_zone="Europe/Berlin").time_zone == "Europe/Berlin"


@pytest.mark.parametrize(("url", "scheme"), [("AMQP://h", "amqp"), ("localhost:6379", "")])
def test_the_scheme_of_a_url(url: str, scheme: str) -> None:
    assert url_scheme(SecretStr(url)) == scheme


@pytest.mark.parametrize("url", ["localhost:6379", "redis://h:port/0"])
def test_what_is_meant_for_redis_is_checked(url: str) -> None:
    with pytest.raises(ValidationError, match="is a hidden value that is no Redis URL"):
        RedisSettings.model_validate({"url": url})


@pytest.mark.parametrize(
    ("celery", "is_readable", "sentences"),
    [
        ({}, False, []),
        ({"broker_url": "redis://h/0"}, True, []),
        ({"broker_url": SENTINELS, "master_name": "lamp"}, True, []),
        ({"broker_url": SENTINELS}, False, ["celery.broker_url names Sentinels and celery.master_name"]),
        ({"broker_url": "amqp://u:p@h//"}, False, ["celery.broker_url begins with amqp://, which the"]),
        (
            {"broker_url": "SQS://", "results_url": "db+sqlite:///x"},
            False,
            ["celery.broker_url begins with sqs://", "celery.results_url begins with db+sqlite://"],
        ),
        (
            {"broker_url": "redis://h/0", "results_url": "rpc://"},
            True,
            ["celery.results_url begins with rpc"],
        ),
    ],
)
def test_what_the_exporter_cannot_read_is_said(
    celery: dict[str, str], is_readable: bool, sentences: list[str]
) -> None:
    settings = CelerySettings.model_validate(celery)
    assert (settings.readable_broker is not None) == is_readable
    assert settings.readable_results is None
    assert len(settings.unreadable) == len(sentences)
    assert all(map(str.startswith, settings.unreadable, sentences))


def test_sentinels_are_asked_for_the_name_of_the_settings() -> None:
    settings = CelerySettings.model_validate({"results_url": SENTINELS, "master_name": "lamp"})
    readable = settings.readable_results
    assert readable is not None
    assert "lamp" in readable.get_secret_value()
    assert settings.readable_broker is None


@pytest.mark.parametrize(
    ("celery", "prefixes"),
    [
        ({}, ("",)),
        ({"key_prefix": "neo"}, ("neo", "neo_")),
        ({"key_prefix": "neo", "results_prefix": "done"}, ("done", "done_")),
        ({"key_prefix": "neo", "results_prefix": ""}, ("",)),
    ],
)
def test_the_prefixes_that_keys_of_results_may_have(
    celery: dict[str, str], prefixes: tuple[str, ...]
) -> None:
    assert CelerySettings.model_validate(celery).result_prefixes == prefixes
