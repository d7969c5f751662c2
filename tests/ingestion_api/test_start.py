"""The service starts where what it needs is away, says so, and is whole as soon as that is back."""

from pathlib import Path

import httpx2
import pytest

from tests.ingestion_api.client import Jobs
from tests.ingestion_api.git_server import GitServer, serving, write_repository
from tests.ingestion_api.processes import AUTHORIZED, ServiceProcess, environment, worker
from tests.servers.fixtures import started
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

NO_BROKER = {
    "status": "degraded",
    "detail": "The queue's broker does not answer; try again shortly.",
}
ALERT = {
    "version": "4",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "CacheDown", "severity": "critical"},
            "annotations": {},
            "startsAt": "2026-11-28T06:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": "00000000000000aa",
        }
    ],
}


@pytest.mark.parametrize("trouble", ["refused", "frozen"])
def test_without_its_broker_it_serves_pages_and_the_webhook(
    tmp_path: Path, own_redis_server: RedisServer, trouble: str
) -> None:
    """An outage of Redis is when alerts come; its worker waits for Redis, and then does the jobs."""
    own_redis_server.kill() if trouble == "refused" else own_redis_server.freeze()
    root = tmp_path / "repositories"
    write_repository(root / "lamp", {"README.md": "The lamp turns."})
    env, git = environment(tmp_path / "run", own_redis_server.url), GitServer(root)
    service, hands = ServiceProcess(tmp_path / "service.log", env), worker(tmp_path, env, "hands")
    hands.ready = lambda: True
    with (
        serving(git),
        started(service),
        started(hands),
        httpx2.Client(base_url=service.url, headers=AUTHORIZED, timeout=20.0) as client,
    ):
        assert (client.get("/-/ready").status_code, client.get("/-/ready").json()) == (200, NO_BROKER)
        assert client.post("/api/v1/alerts/webhook", json=ALERT).status_code == 200
        for page in ("/alerts", "/jobs", "/workers", "/preferences"):
            answer = client.get(page, headers={"accept": "text/html"})
            assert answer.status_code in (200, 303), (page, answer.text)
        assert client.get("/-/workers").status_code == 503
        own_redis_server.start() if trouble == "refused" else own_redis_server.thaw()
        eventually(lambda: client.get("/-/ready").json() == {"status": "ready"}, within=15)
        jobs = Jobs(client, git)
        jobs.until(jobs.ingest("lamp"), "complete", within=60)
        assert hands.running


@pytest.mark.parametrize("trouble", ["refused", "frozen"])
def test_without_its_database_it_waits_for_it(
    tmp_path: Path, own_postgres_server: PostgresServer, redis_server: RedisServer, trouble: str
) -> None:
    url = own_postgres_server.fresh_database()
    own_postgres_server.kill() if trouble == "refused" else own_postgres_server.freeze()
    env = environment(tmp_path / "run", redis_server.database(9), database_url=url)
    service = ServiceProcess(tmp_path / "service.log", env)
    with started(service), httpx2.Client(base_url=service.url, headers=AUTHORIZED, timeout=20.0) as client:
        assert "The service's database does not answer; see database_url." in service.output()
        answer = client.get("/-/ready")
        assert (answer.status_code, "database does not answer" in answer.text) == (503, True)
        assert client.get("/metrics").status_code == 200
        own_postgres_server.start() if trouble == "refused" else own_postgres_server.thaw()
        eventually(lambda: client.get("/-/ready").status_code == 200, within=20)
        assert client.get("/api/v1/ingestion/jobs/history").json()["jobs"] == []
