"""The faults that hurt whoever watches, seen from outside: what a rude watcher meets, and what ends it."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from redis.exceptions import RedisError

from tests.demo.running_demo import RunningDemo
from tests.demo.without_rights import allowed, variables

Eventually = Callable[..., Any]
PING = "/api/monitoring/health/module/graph"
ROUTE = "/taxonomy/categories"
INGESTION = ("health", "worker/status", "jobs/history", "health/worker")


def seconds_of(ask: Callable[[], object]) -> float:
    """How long it took."""
    start = time.monotonic()
    ask()
    return time.monotonic() - start


def alone(demo: RunningDemo, path: str, seconds: float = 10) -> int:
    """The status of a request over a connection of its own; 0 where none came in time."""
    try:
        return httpx2.get(f"{demo.api.base_url}{path}", headers=demo.api.headers, timeout=seconds).status_code
    except httpx2.HTTPError:
        return 0


@contextmanager
def asking(demo: RunningDemo, path: str) -> Iterator[threading.Thread]:
    """A request that is under way for as long as the block lasts, or until its response."""
    thread = threading.Thread(target=alone, args=(demo, path, 20))
    thread.start()
    time.sleep(0.3)
    yield thread
    thread.join()


@pytest.mark.parametrize(("report", "least"), [("health", 2.0), ("workers/status", 3.0)])
@pytest.mark.parametrize("worker", [True, False])
def test_a_blocking_health_route_stops_everyone_for_the_real_time(
    demo: RunningDemo, eventually: Eventually, report: str, least: float, worker: bool
) -> None:
    eventually(lambda: demo.report("workers/status")["workers"]["worker_count"] == 1, within=30)
    with demo.fault("blocking-health"):
        if not worker:
            assert demo.control.post("/faults/worker-killed").is_success
        with asking(demo, f"/api/monitoring/{report}") as under_way:
            waited = seconds_of(lambda: alone(demo, PING))
            under_way.join(0.5)
            assert not under_way.is_alive()
        assert least <= seconds_of(lambda: demo.report(report)) < least + 0.9
        assert waited > least - 1
        if report == "workers/status":
            assert demo.report(report)["workers"]["worker_count"] == worker
        demo.control.delete("/faults/worker-killed")
    with asking(demo, f"/api/monitoring/{report}"):
        assert seconds_of(lambda: alone(demo, PING)) < 1.5


def piled_up(demo: RunningDemo, count: int, patience: float) -> list[int]:
    """Status of each of many requests that come while the loop is blocked."""
    with asking(demo, "/api/monitoring/workers/status"), ThreadPoolExecutor(count) as people:
        return list(people.map(lambda _: alone(demo, ROUTE, patience), range(count)))


def test_a_pile_behind_a_blocked_loop_ends_in_a_dead_lock(demo: RunningDemo, eventually: Eventually) -> None:
    with demo.fault("pool-deadlock"), demo.fault("blocking-health"):
        assert piled_up(demo, 14, 40) == [200] * 14, "what piles up behind a polite watcher goes through"
        assert alone(demo, PING) == 200
        # on a busy machine the requests may come too slowly to pile up
        eventually(lambda: 0 in piled_up(demo, 50, 6), within=60)
        assert alone(demo, PING, 3) == 0, "dead, though nobody asks any more"
    eventually(lambda: alone(demo, PING, 1) == 200, within=30)
    assert piled_up(demo, 40, 60) == [200] * 40


def test_a_dead_lock_needs_a_blocked_loop(demo: RunningDemo) -> None:
    with demo.fault("pool-deadlock"):
        with ThreadPoolExecutor(8) as people:
            codes = list(people.map(lambda _: alone(demo, ROUTE), range(60)))
        assert codes == [200] * 60


def exchange(client: socket.socket) -> bytes:
    """What comes after a request: the response, or nothing where the connection ends; raises when reset."""
    client.sendall(b"GET /api/auth/health HTTP/1.1\r\nHost: demo\r\n\r\n")
    found = client.recv(65536)
    while found and not found.endswith(b"}"):
        found += client.recv(65536)
    return found


def connection(demo: RunningDemo) -> socket.socket:
    """A connection to the API."""
    return socket.create_connection(("127.0.0.1", demo.port), timeout=3)


@pytest.mark.parametrize("how", ["clean", "reset"])
def test_a_connection_ends_after_its_response(demo: RunningDemo, how: str) -> None:
    with demo.fault("closed-connections", how=how, late=0), connection(demo) as client:
        answer = exchange(client)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" not in answer.lower()
        if how == "clean":
            assert client.recv(1) == b""
        else:
            with pytest.raises(ConnectionResetError):
                client.recv(1)
    with connection(demo) as client:
        assert exchange(client)
        assert exchange(client), "kept again"


@pytest.mark.parametrize(
    ("how", "error"), [("clean", httpx2.RemoteProtocolError), ("reset", httpx2.ReadError)]
)
def test_a_client_with_a_pool_meets_a_connection_that_has_ended(
    demo: RunningDemo, how: str, error: type[Exception]
) -> None:
    with (
        demo.fault("closed-connections", how=how, late=1),
        httpx2.Client(base_url=demo.api.base_url, timeout=5) as client,
    ):
        assert client.get("/api/auth/health").status_code == 200
        with pytest.raises(error):
            client.get("/api/auth/health")
        assert client.get("/api/auth/health").status_code == 200


def test_long_responses_arrive_whole_before_the_reset(demo: RunningDemo) -> None:
    with demo.fault("closed-connections", how="reset", late=0):
        for _ in range(10):
            # Over a connection of its own: one that was kept may be reset under the next request.
            answer = httpx2.get(f"{demo.api.base_url}/metrics", headers=demo.api.headers, timeout=10)
            assert len(answer.content) == int(answer.headers["content-length"]) > 5000


def test_the_share_of_late_ends_is_exact(demo: RunningDemo) -> None:
    with demo.fault("closed-connections", late=0.25):
        late = 0
        for _ in range(8):
            with connection(demo) as client:
                assert exchange(client)
                client.settimeout(0.5)
                try:
                    client.recv(1)
                except TimeoutError:
                    late += 1
                except ConnectionResetError:
                    continue
    assert late == 2


def test_a_refusing_store_blocks_the_loop_for_each_request(demo: RunningDemo) -> None:
    with demo.fault("ingestion-store-refused", seconds=1.5):
        with asking(demo, "/api/v1/ingestion/worker/status"):
            assert seconds_of(lambda: alone(demo, PING)) > 0.9
        answer = demo.api.get("/api/v1/ingestion/jobs/history")
        assert answer.status_code == 503
        assert "refused" in answer.json()["detail"]
        health = demo.api.get("/api/v1/ingestion/health")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert "refused" in health.json()["services"]["redis"]
    assert seconds_of(lambda: demo.get("/api/v1/ingestion/worker/status")) < 1


def test_ingestion_routes_without_a_store_say_so(demo: RunningDemo) -> None:
    with demo.fault("ingestion-not-configured"), demo.fault("lying"):
        for name in INGESTION:
            answer = demo.api.get(f"/api/v1/ingestion/{name}")
            assert answer.status_code == 503
            assert "not configured" in answer.text
        refused = demo.control.post("/faults/ingestion-missing")
        assert (refused.status_code, "lift that first" in refused.json()["detail"]) == (409, True)
    assert demo.get("/api/v1/ingestion/health")["status"] == "healthy"


def test_ingestion_routes_can_be_missing(demo: RunningDemo) -> None:
    with demo.fault("ingestion-missing"):
        answers = [demo.api.get(f"/api/v1/ingestion/{name}") for name in INGESTION]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].json() == {"detail": "Not Found"}
        assert not [path for path in demo.get("/openapi.json")["paths"] if "ingestion" in path]
    assert demo.get("/api/v1/ingestion/worker/status")["status"]
    assert [path for path in demo.get("/openapi.json")["paths"] if "ingestion" in path]


def test_a_role_without_rights_needs_postgres(demo: RunningDemo) -> None:
    answer = demo.control.post("/faults/database-role-without-rights")
    assert (answer.status_code, "DEMO_DATABASE=postgres" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize("lacks", ["everything", "keys", "llen", "info"])
def test_a_redis_user_lacks_what_was_asked_for(demo: RunningDemo, lacks: str) -> None:
    answer = demo.control.post("/faults/redis-user-without-rights", json={"lacks": lacks}).json()
    found = variables(answer["parameters"]["file"])
    assert set(found) == {"REDIS_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "INGESTION_REDIS_URL"}
    able = allowed(found["CELERY_BROKER_URL"])
    assert (
        able
        == {
            "everything": {"PING"},
            "keys": {"PING", "INFO"},
            "llen": {"PING", "INFO", "GET"},
            "info": {"PING", "LLEN", "GET"},
        }[lacks]
    )
    assert demo.control.delete("/faults/redis-user-without-rights").is_success
    with pytest.raises(RedisError, match=r"(?i)invalid username"):
        allowed(found["CELERY_BROKER_URL"])


def test_a_foreign_worker_counts_as_one_of_the_backends(demo: RunningDemo, eventually: Eventually) -> None:
    def count() -> int:
        return int(demo.report("workers/status")["workers"]["worker_count"])

    eventually(lambda: count() == 1, within=30)
    with demo.fault("foreign-worker"):
        assert demo.parts()["foreign-worker"]["running"]
        eventually(lambda: count() == 2, within=15)
        with demo.fault("worker-killed"):
            eventually(lambda: count() == 1, within=15)
    assert "foreign-worker" not in demo.parts()
    eventually(lambda: count() == 1, within=30)


def test_a_frozen_server_takes_connections_and_goes_on_by_itself(
    demo: RunningDemo, eventually: Eventually
) -> None:
    with demo.fault("server-frozen"):
        connection(demo).close()
        assert alone(demo, PING, 0.5) == 0
    assert alone(demo, PING) == 200
    assert demo.control.post("/faults/server-frozen", json={"seconds": 1.0}).is_success
    assert 0.5 < seconds_of(lambda: alone(demo, PING)) < 3
    listed = {it["name"]: it["in_force"] for it in demo.control.get("/faults").json()["faults"]}
    assert listed["server-frozen"] is False


def history(demo: RunningDemo, url: str) -> list[dict[str, Any]]:
    """The entries of pharos:history about a repository, the newest first."""
    found = [json.loads(str(text)) for text in demo.redis(0).lrange("pharos:history", 0, -1)]
    return [entry for entry in found if entry["repo_url"] == url]


def test_history_knows_of_submissions(demo: RunningDemo, eventually: Eventually) -> None:
    url = "github.com/keepers/wick"
    with demo.fault("edge-worker-killed"), demo.fault("history-at-submission"):
        assert demo.api.post(f"/api/v1/ingestion/ingest/{url}").is_success
        assert [entry["status"] for entry in history(demo, url)] == ["pending"]
        made = demo.api.post("/resources", json={"title": "Wick", "description": "wick wax"}).json()
        source = demo.scalars(f"SELECT source FROM resources WHERE id = '{made['id']}'")[0]  # noqa: S608  our own id
        assert [entry["status"] for entry in history(demo, source)] == ["completed", "pending"]
    eventually(lambda: len(history(demo, url)) == 2, within=20)
    assert history(demo, url)[0]["status"] in ("complete", "failed")


def test_local_times_are_hours_off(demo: RunningDemo, eventually: Eventually) -> None:
    def modified() -> datetime:
        return datetime.fromisoformat(demo.report("model-health")["model"]["last_modified"])

    url, true = "github.com/keepers/dial", modified()
    with demo.fault("local-times", hours=-5):
        assert modified() - true == timedelta(hours=-5)
        assert demo.api.post(f"/api/v1/ingestion/ingest/{url}").is_success
        entry = eventually(lambda: history(demo, url), within=20)[0]
        off = datetime.fromisoformat(entry["timestamp"]) - datetime.now(UTC).replace(tzinfo=None)
        assert abs(off - timedelta(hours=-5)) < timedelta(minutes=1)
    assert modified() == true
