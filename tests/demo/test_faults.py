"""Every fault really does what it says, and its lifting ends it."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy.exc import OperationalError

from demo.models import NCF, load_factors, model_path
from demo.sparse_encoders import BM25, CLAIMED, encode_bm25
from tests.demo.running_demo import RunningDemo

Eventually = Callable[..., Any]
PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")


@pytest.fixture
def whole_worker(demo: RunningDemo, eventually: Eventually) -> Iterator[int]:
    """The worker's pid, with a pool that works before and after the test."""

    def working() -> bool:
        return bool(demo.outcome(demo.send("cleanup_expired_cache_task"))["status"] == "SUCCESS")

    eventually(working, within=20)
    yield demo.parts()["worker"]["pid"]
    demo.control.delete("/faults")
    eventually(working, within=30)


def waiting(demo: RunningDemo, queue: str) -> int:
    """Messages of a queue over all its priority lists."""
    return sum(int(str(demo.redis(0).llen(queue + ending))) for ending in PRIORITIES)


def pool_of(worker: int) -> list[int]:
    """The pool children of a worker."""
    return [int(pid) for pid in Path(f"/proc/{worker}/task/{worker}/children").read_text().split()]


def state_of(pid: int) -> str:
    """R, S, T (stopped) and so on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def seconds_of(ask: Callable[[], object]) -> float:
    """How long it took."""
    start = time.monotonic()
    ask()
    return time.monotonic() - start


def test_a_slow_module_is_slow_and_others_are_not(demo: RunningDemo) -> None:
    with demo.fault("slow-module", module="authority", seconds=0.6):
        assert seconds_of(lambda: demo.get("/authority/subjects/suggest")) >= 0.6
        assert seconds_of(lambda: demo.get("/taxonomy/categories")) < 0.6
    assert seconds_of(lambda: demo.get("/authority/subjects/suggest")) < 0.6


def test_errors_in_a_module_come_in_the_share_that_was_asked_for(demo: RunningDemo) -> None:
    with demo.fault("errors-in-module", module="authority", share=0.5):
        codes = [demo.api.get("/authority/subjects/suggest").status_code for _ in range(8)]
        seen = demo.report("health/module/authority")["health"]
    assert (codes.count(500), codes.count(200)) == (4, 4)
    assert seen["status"] == "degraded"
    assert demo.api.get("/authority/subjects/suggest").status_code == 200


def test_an_exhausted_pool_has_lent_out_all_fifteen(demo: RunningDemo, eventually: Eventually) -> None:
    with demo.fault("pool-exhausted"):
        pool = eventually(lambda: (it := demo.report("db/pool")["pool"])["checked_out"] == 15 and it)
        assert (pool["connections_available"], pool["overflow"], pool["utilization_percent"]) == (0, 10, 100)
        assert demo.api.get("/taxonomy/categories").status_code == 503
    eventually(lambda: demo.report("db/pool")["pool"]["checked_out"] == 0)
    assert demo.api.get("/taxonomy/categories").status_code == 200


def test_a_stopped_database_refuses_everyone(demo: RunningDemo) -> None:
    with demo.fault("database-stopped"):
        with pytest.raises(OperationalError, match="database is locked"):
            demo.scalars("SELECT count(*) FROM users")
        assert demo.api.get("/taxonomy/categories").status_code == 503
        said = demo.report("database")
        assert (said["status"], said["database"]["healthy"]) == ("unhealthy", False)
        assert demo.get("/search/health")["status"] == "unhealthy"
        assert demo.report("health")["status"] == "unhealthy"
    assert demo.scalars("SELECT count(*) FROM users") == [20]
    assert demo.report("database")["status"] == "ok"


def test_a_stopped_redis_comes_back_with_its_data(demo: RunningDemo, eventually: Eventually) -> None:
    demo.redis(2).set("resource:kept", "{}")
    with demo.fault("redis-stopped"):
        assert not demo.parts()["redis"]["running"]
        with pytest.raises(redis.ConnectionError):
            demo.redis(2).ping()
        assert demo.report("cache/stats")["status"] == "error"
        assert demo.report("health")["components"]["redis"]["status"] == "unhealthy"
        assert seconds_of(lambda: demo.get("/taxonomy/categories")) < 1
    assert demo.redis(2).get("resource:kept") == "{}"
    eventually(lambda: demo.report("cache/stats")["status"] == "ok")


def test_a_frozen_redis_takes_connections_and_never_answers(demo: RunningDemo) -> None:
    with demo.fault("redis-frozen"):
        pid = demo.parts()["redis"]["pid"]
        assert state_of(pid) == "T"
        with socket.create_connection(("127.0.0.1", demo.redis_port), timeout=0.3) as client:
            client.sendall(b"PING\r\n")
            with pytest.raises(TimeoutError):
                client.recv(1)
        # The honest reports have short limits and leave the event loop alone.
        assert demo.report("cache/stats")["status"] == "error"
        assert seconds_of(lambda: demo.report("workers/status")) < 6
    assert demo.redis(0).ping()


def test_a_killed_worker_stays_away_until_the_fault_is_lifted(
    demo: RunningDemo, whole_worker: int, eventually: Eventually
) -> None:
    pool = pool_of(whole_worker)
    with demo.fault("worker-killed"):
        worker = demo.parts()["worker"]
        assert (worker["running"], worker["held"]) == (False, True)
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (whole_worker, *pool)))
        assert demo.report("workers/status")["workers"]["worker_count"] == 0
    eventually(lambda: demo.parts()["worker"]["running"])
    assert demo.parts()["worker"]["pid"] != whole_worker


def test_a_frozen_pool_leaves_the_worker_answering(
    demo: RunningDemo, whole_worker: int, eventually: Eventually
) -> None:
    with demo.fault("worker-pool-frozen"):
        assert {state_of(pid) for pid in pool_of(whole_worker)} == {"T"}
        assert state_of(whole_worker) != "T"
        task = demo.send("cleanup_expired_cache_task")
        said = eventually(
            lambda: (it := demo.report("workers/status"))["status"] == "degraded" and it, within=15
        )
        assert said["workers"]["worker_count"] == 1
        assert demo.redis(1).get(f"celery-task-meta-{task}") is None
    assert demo.outcome(task)["status"] == "SUCCESS"


def test_a_flood_waits_in_one_queue_and_drains_when_lifted(
    demo: RunningDemo, whole_worker: int, eventually: Eventually
) -> None:
    with demo.fault("queue-flood", count=60, queue="batch", seconds=30):
        assert waiting(demo, "batch") >= 40
        assert demo.redis(0).llen("batch") == 0, "the plain list holds priorities 0 to 2 only"
    eventually(lambda: waiting(demo, "batch") == 0, within=20)


def test_unrouted_tasks_wait_where_nobody_looks(demo: RunningDemo, eventually: Eventually) -> None:
    with demo.fault("unrouted-tasks", count=12):
        assert waiting(demo, "celery") == 12
        demo.api.post(f"/resources/{demo.a_resource()}/chunks")
        eventually(lambda: waiting(demo, "celery") == 13)
    assert waiting(demo, "celery") == 0


def test_failing_tasks_fail_and_then_work(demo: RunningDemo, whole_worker: int) -> None:
    with demo.fault("failing-tasks"):
        failed = demo.outcome(demo.send("recompute_quality_task", demo.a_resource()))
    assert failed["status"] == "FAILURE"
    assert failed["result"]["exc_type"] == "FaultInForce"
    assert demo.outcome(demo.send("recompute_quality_task", demo.a_resource()))["status"] == "SUCCESS"


def test_a_corrupt_model_cannot_be_loaded(demo: RunningDemo) -> None:
    path = model_path(demo.folder / "models", NCF)
    with demo.fault("model-corrupt"):
        with pytest.raises(ValueError, match="pickled"):
            load_factors(path.parent)
        said = demo.report("model-health")
        assert (said["status"], said["model"]["available"]) == ("error", False)
        assert "ncf_model.npz cannot be loaded" in said["model"]["error"]
        assert demo.report("health/ml")["http_status"] == 503
        assert demo.report("health")["status"] == "degraded"
    assert demo.report("model-health")["model"]["num_users"] == 20
    assert demo.report("health/ml")["models"]["ncf_model"]["available"]


def test_a_killed_edge_worker_leaves_its_last_word(demo: RunningDemo, eventually: Eventually) -> None:
    eventually(lambda: demo.redis(0).get("worker_status") == "Idle", within=10)
    with demo.fault("edge-worker-killed"):
        assert not demo.parts()["edge"]["running"]
        assert demo.redis(0).get("worker_status") == "Idle"
        eventually(lambda: demo.get("/api/v1/ingestion/worker/status")["status"] == "Offline", within=10)
    eventually(lambda: demo.get("/api/v1/ingestion/worker/status")["status"] == "Idle", within=10)


def test_stale_embeddings_differ_for_the_same_text(demo: RunningDemo) -> None:
    twins = (
        "SELECT sparse_embedding FROM resources WHERE description IN "
        "(SELECT description FROM resources WHERE description != '' GROUP BY description HAVING count(*) > 1)"
    )
    assert len(set(demo.scalars(twins))) == 1
    with demo.fault("stale-sparse-embeddings"):
        assert set(demo.scalars("SELECT DISTINCT sparse_embedding_model FROM resources")) == {CLAIMED, None}
        assert len(set(demo.scalars(twins))) == 2
    words = demo.scalars(
        "SELECT description FROM resources WHERE description != '' AND sparse_embedding != '{}'"
    )
    assert set(demo.scalars("SELECT DISTINCT sparse_embedding_model FROM resources")) == {BM25, None}
    assert encode_bm25(words[0]) in demo.scalars("SELECT sparse_embedding FROM resources")
