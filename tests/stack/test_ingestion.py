"""The settings of the service and its worker in a run."""

import os
from pathlib import Path

import pytest

from prometheus.thresholds import FILE
from stack import ingestion, settings
from stack.processes import RunContext, process_specs
from stack.settings import Settings
from stack.target_system import target_system
from tests.stack.watchroom import TARGET_SETTINGS


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {name for name in os.environ if name.endswith("_PORT") or name.startswith("SERVICE_")}
    for name in given | {"RUN_DIR", *TARGET_SETTINGS}:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    return settings.read_settings(run_dir=tmp_path, service_port=18090)


def known_settings(chosen: Settings) -> dict[str, str]:
    return ingestion.service_environment(chosen, target_system(chosen))


def names(chosen: Settings) -> list[str]:
    return [
        it.name
        for it in process_specs(RunContext(chosen, target_system(chosen), Path("p.yml"), Path("a.yml")))
    ]


def test_with_the_demo_it_acts_on_the_demo(chosen: Settings, tmp_path: Path) -> None:
    assert (
        known_settings(chosen).items()
        >= {
            "RUN_DIR": str(tmp_path),
            "SERVICE_PORT": "18090",
            "SERVICE_BROKER_URL": "redis://127.0.0.1:6390/4",
            "SERVICE_RESOURCES_URL": f"sqlite:///{tmp_path}/demo/neo.db",
            "SERVICE_CACHE_URL": "redis://127.0.0.1:6390/2",
            "SERVICE_WEBHOOK_TOKEN_FILE": str(tmp_path / "service" / "webhook-token"),
            "SERVICE_THRESHOLDS_FILE": str(FILE),
        }.items()
    )


def test_the_worker_follows_the_service_and_knows_the_same(chosen: Settings) -> None:
    found = {
        it.name: it
        for it in process_specs(RunContext(chosen, target_system(chosen), Path("p.yml"), Path("a.yml")))
    }
    service, worker = found["service"], found["service-worker"]
    assert (service.wait_for, worker.wait_for) == ((), (service.ready_url,))
    assert service.environment == worker.environment
    assert service.ready_url in found["prometheus"].wait_for
    assert f"{chosen.home}/service/token" in service.description


def test_the_exporter_watches_the_service_that_runs(chosen: Settings) -> None:
    found = process_specs(RunContext(chosen, target_system(chosen), Path("p.yml"), Path("a.yml")))
    environment = next(it.environment for it in found if it.name == "exporter")
    assert environment["SERVICE_URL"] == "http://127.0.0.1:18090"


def test_what_is_given_is_not_overruled(monkeypatch: pytest.MonkeyPatch, chosen: Settings) -> None:
    monkeypatch.setenv("SERVICE_BROKER_URL", "redis://other.example/7")
    monkeypatch.setenv("SERVICE_RESOURCES_URL", "postgresql://other.example/neo")
    monkeypatch.setenv("SERVICE_CACHE_URL", "")
    found = known_settings(chosen)
    assert found["SERVICE_BROKER_URL"] == "redis://other.example/7"
    assert "SERVICE_RESOURCES_URL" not in found
    assert found["SERVICE_CACHE_URL"] == "redis://127.0.0.1:6390/2"


@pytest.mark.parametrize(
    ("broker", "expected"),
    [
        ("redis://:word@redis.example:6380/0", "redis://:word@redis.example:6380/4"),
        (
            "rediss://redis.example/0?ssl_cert_reqs=required",
            "rediss://redis.example/4?ssl_cert_reqs=required",
        ),
        ("redis://redis.example", "redis://redis.example/4"),
        ("redis://redis.example/4", "redis://redis.example/5"),
        ("redis+socket:///run/redis.sock?virtual_host=4", "redis+socket:///run/redis.sock?virtual_host=5"),
        ("unix:///run/redis.sock?db=1", "redis+socket:///run/redis.sock?virtual_host=4"),
        ("redis://a:1/3;redis://b:2/3", "redis://a:1/4;redis://b:2/4"),
        ("sentinel://a:1/0?master_name=m;sentinel://b:2", "sentinel://a:1/4?master_name=m;sentinel://b:2/4"),
        ("sentinel://a:1/0", None),
        ("amqp://rabbit.example//", None),
        ("", None),
    ],
)
def test_its_queue_has_a_database_of_its_own(broker: str, expected: str | None) -> None:
    assert ingestion.own_broker_url(broker) == expected


@pytest.mark.parametrize("broker", ["", "amqp://guest@rabbit.example//"])
def test_without_a_redis_it_has_no_worker_and_the_table_says_how_to_have_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broker: str
) -> None:
    monkeypatch.setenv("BACKEND_URL", "http://neo.example")
    monkeypatch.setenv("CELERY_BROKER_URL", broker)
    chosen = settings.read_settings(run_dir=tmp_path)
    assert "service" in names(chosen)
    assert "service-worker" not in names(chosen)
    assert known_settings(chosen)["SERVICE_BROKER_URL"] == ""
    assert ingestion.table_rows(target_system(chosen), has_worker=False) == [ingestion.NO_WORKER_ROW]
    assert ingestion.table_rows(target_system(chosen), has_worker=True) == []
    monkeypatch.setenv("SERVICE_BROKER_URL", "redis://redis.example/3")
    assert {"service", "service-worker"} <= {*names(chosen)}
    assert known_settings(chosen)["SERVICE_BROKER_URL"] == "redis://redis.example/3"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("SERVICE_TOKEN", "never-shown", "SERVICE_TOKEN"),
        ("SERVICE_TOKEN", "", "SERVICE_TOKEN"),  # the service says that it is empty, and does not start
        ("SERVICE_TOKEN_FILE", "/run/secrets/desk", "/run/secrets/desk"),
    ],
)
def test_the_table_says_where_the_token_is_never_what_it_is(
    monkeypatch: pytest.MonkeyPatch, chosen: Settings, name: str, value: str, shown: str
) -> None:
    monkeypatch.setenv(name, value)
    assert ingestion.token_location(chosen) == shown


def test_the_projects_own_repository_is_offered_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, chosen: Settings
) -> None:
    monkeypatch.setattr(ingestion, "find_repository", lambda: Path("/a/checkout/.git"))
    assert (
        ingestion.table_rows(target_system(chosen), has_worker=True)[0][1]
        == "http://127.0.0.1:8002/watchroom.git"
    )
    assert known_settings(chosen)["SERVICE_TRUSTED_HOSTS"] == "127.0.0.1:8002"
    assert known_settings(chosen)["SERVICE_EXAMPLE"] == "http://127.0.0.1:8002/watchroom.git"


@pytest.mark.parametrize("off", ["port", "tarball"])
def test_none_is_offered_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, chosen: Settings, off: str
) -> None:
    monkeypatch.setattr(ingestion, "find_repository", lambda: Path("/a/.git") if off == "port" else None)
    if off == "port":
        monkeypatch.setenv("DEMO_GIT_PORT", "0")
    assert ingestion.table_rows(target_system(chosen), has_worker=True) == []
    assert not {"SERVICE_TRUSTED_HOSTS", "SERVICE_EXAMPLE"} & known_settings(chosen).keys()
