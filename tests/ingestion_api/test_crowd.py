"""Fifty clients at once over HTTP, on real service processes and a real Redis."""

import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.exporter.exporter_page import watching
from tests.exporter.whole_page import whole
from tests.ingestion_api.processes import AUTHORIZED, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

CLIENTS = 50
LIMIT = 10
REPOSITORY = "http://127.0.0.1:9/keeper"


@dataclass(frozen=True)
class Desk:
    """Services that share a database, and the Redis behind them; no worker takes anything."""

    services: list[ServiceProcess]
    redis: RedisServer

    def ask_at_once(self, names: list[str]) -> list[tuple[int, Any]]:
        """Status and body of a request for each name, all sent in the same moment."""
        together, encryption = threading.Barrier(len(names)), ssl.create_default_context()

        def ask(number: int, name: str) -> tuple[int, Any]:
            url = self.services[number % len(self.services)].url
            # certificates are read once for all, as that takes longer than everything else here
            with httpx2.Client(headers=AUTHORIZED, timeout=30.0, verify=encryption) as client:
                client.get(f"{url}/-/healthy")  # connected, so that they do meet
                together.wait(30)
                answer = client.post(f"{url}/api/v1/ingestion/ingest/{REPOSITORY}/{name}")
            return answer.status_code, answer.json()

        with ThreadPoolExecutor(len(names)) as threads:
            return list(threads.map(ask, range(len(names)), names))

    def get(self, path: str) -> Any:
        """The answer of the first service."""
        return httpx2.get(f"{self.services[0].url}/api/v1/ingestion{path}", headers=AUTHORIZED).json()

    def empty(self) -> None:
        """Cancel what waits, as an operator would."""
        for job in self.get("/jobs?status=pending&limit=100")["jobs"]:
            url = f"{self.services[0].url}/api/v1/ingestion/jobs/{job['job_id']}/cancel"
            assert httpx2.post(url, headers=AUTHORIZED).status_code == 200

    def messages(self) -> list[int]:
        """The jobs whose messages wait in Redis, one entry a message."""
        with self.redis.client() as client:
            found: Any = client.lrange("ingestion", 0, -1)
        return [int(json.loads(body)["headers"]["id"].split("-")[1]) for body in found]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def services(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One service on SQLite; two that share a PostgreSQL."""
    folder = tmp_path_factory.mktemp("crowd")
    more: dict[str, object] = {"queue_limit": LIMIT, "outbox_period": 600}
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        more["database_url"] = server.fresh_database()
    redis: RedisServer = request.getfixturevalue("redis_server")
    env = environment(folder / "run", redis.url, **more)
    number = 2 if request.param == "postgres" else 1
    found = [ServiceProcess(folder / f"service-{n}.log", env) for n in range(number)]
    with ExitStack() as running:
        for service in found:
            running.enter_context(started(service))
        yield Desk(found, redis)


@pytest.fixture
def desk(services: Desk) -> Iterator[Desk]:
    """With nothing in the queue, neither before nor after."""
    services.redis.flush()
    yield services
    services.empty()


def test_the_queue_takes_its_ten_and_not_one_more(desk: Desk) -> None:
    """Fifty repositories; each of the ten is sent to a worker once, and the exporter shows them."""
    answers = desk.ask_at_once([f"lamp-{number}" for number in range(CLIENTS)])
    assert Counter(status for status, _ in answers) == {200: LIMIT, 429: CLIENTS - LIMIT}
    jobs = {body["job_id"] for status, body in answers if status == 200}
    assert len(jobs) == LIMIT
    assert sorted(body["queue_position"] for status, body in answers if status == 200) == [*range(1, 11)]
    assert desk.get("/queue")["pending"] == LIMIT
    eventually(lambda: len(desk.messages()) >= LIMIT)
    assert sorted(desk.messages()) == sorted(jobs)
    with watching(service={"url": desk.services[0].url}) as exporter:
        page = whole(exporter, "ingestion.service", "ingestion.service_jobs")
    assert page.value("ops_ingestion_service_jobs", state="pending") == LIMIT
    assert page.value("ops_ingestion_service_queue_capacity") == LIMIT
    assert page.state("ops_ingestion_service_reported_health", service="redis") == "healthy"


def test_one_repository_is_dispatched_once(desk: Desk) -> None:
    """Whoever asks, in whichever spelling."""
    names = ["lamp", "lamp.git", "lamp/"]
    answers = desk.ask_at_once([names[number % len(names)] for number in range(CLIENTS)])
    assert {status for status, _ in answers} == {200}
    assert len({body["job_id"] for _, body in answers}) == 1
    assert desk.get("/queue")["pending"] == 1
    assert eventually(desk.messages) == [answers[0][1]["job_id"]]


def test_a_crowd_with_few_wishes(desk: Desk) -> None:
    """Fifty clients, eight repositories: eight jobs, and nobody is sent away."""
    answers = desk.ask_at_once([f"lamp-{number % 8}" for number in range(CLIENTS)])
    assert {status for status, _ in answers} == {200}
    asked: dict[int, set[int]] = {}
    for number, (_, body) in enumerate(answers):
        asked.setdefault(number % 8, set()).add(body["job_id"])
    assert [len(jobs) for jobs in asked.values()] == [1] * 8
    assert desk.get("/queue")["pending"] == 8
