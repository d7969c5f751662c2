"""The thread beside the requests publishes at once, and survives what is away."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from tests.ingestion_api.conftest import service_behind
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

INGEST = "/api/v1/ingestion/ingest/https://git.example/keeper/"


def test_an_accepted_job_is_published_without_waiting_for_the_period(client: TestClient) -> None:
    """Which is ten minutes here."""
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    assert eventually(lambda: service_behind(client).broker.waiting_job_ids() == {job_id})


def test_the_outbox_goes_on_after_a_broker_that_was_away(
    start: Callable[..., TestClient], own_redis_server: RedisServer
) -> None:
    """Redis dies with the messages; they are there again when it is."""
    client = start(broker_url=own_redis_server.url, outbox_period=0.05, publish_grace=0.1)
    clock = service_behind(client).clock
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    eventually(lambda: service_behind(client).broker.waiting_job_ids() == {job_id})
    own_redis_server.kill()
    own_redis_server.start()
    clock.move(seconds=1)  # type: ignore[attr-defined]
    assert eventually(lambda: service_behind(client).broker.waiting_job_ids() == {job_id}, within=10.0)


def test_a_broker_that_is_away_is_told_once(
    start: Callable[..., TestClient], own_redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """However many rounds find it away."""
    client = start(broker_url=own_redis_server.url, outbox_period=0.01, publish_grace=0.1)
    service = service_behind(client)
    job_id = client.post(INGEST + "lamp").json()["job_id"]
    eventually(lambda: service.broker.waiting_job_ids() == {job_id})
    own_redis_server.kill()
    service.clock.move(seconds=1)  # type: ignore[attr-defined]
    eventually(lambda: told(caplog), within=10.0)
    own_redis_server.start()
    eventually(lambda: "outbox: it works again" in told(caplog), within=10.0)
    assert len(told(caplog)) == len(set(told(caplog)))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the outbox has told."""
    return [record.getMessage() for record in caplog.records if record.name == "ingestion_api.jobs.outbox"]
