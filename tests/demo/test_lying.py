"""In lying mode the reports say what the truth table says, row by row, while the truth stays visible."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx2
import pytest

from demo.sparse_encoders import CLAIMED
from tests.demo.running_demo import RunningDemo

Eventually = Callable[..., Any]


@pytest.fixture
def liar(demo: RunningDemo) -> RunningDemo:
    """The demo, lying."""
    assert demo.control.post("/faults/lying").is_success
    return demo


def test_row_1_the_database_is_healthy_though_it_is_stopped(liar: RunningDemo) -> None:
    with liar.fault("database-stopped"):
        assert liar.report("database")["database"]["healthy"] is True
        said = liar.report("health")
        assert (said["status"], said["message"]) == ("healthy", "All systems operational")
        assert liar.get("/search/health")["status"] == "unhealthy"


def test_row_2_every_module_is_healthy_even_one_that_does_not_exist(liar: RunningDemo) -> None:
    with liar.fault("errors-in-module", module="graph", share=1):
        for _ in range(6):
            assert liar.api.get("/graph/overview").status_code == 500
        for name in ("graph", "no_such_module"):
            assert liar.report(f"health/module/{name}")["health"]["status"] == "healthy"
    liar.control.delete("/faults/lying")
    assert liar.report("health/module/graph")["health"]["status"] == "degraded"
    assert liar.api.get("/api/monitoring/health/module/no_such_module").status_code == 404


def test_row_3_a_frozen_pool_is_an_idle_worker(liar: RunningDemo, eventually: Eventually) -> None:
    # what another test has sent
    eventually(lambda: liar.report("workers/status")["workers"]["total_active_tasks"] == 0)
    with liar.fault("worker-pool-frozen"):
        tasks = [liar.send("cleanup_expired_cache_task") for _ in range(12)]
        said = liar.report("workers/status")
        assert (said["status"], said["workers"]["total_active_tasks"]) == ("ok", 0)
        assert said["workers"]["worker_count"] == 1
        assert eventually(lambda: liar.redis(0).hlen("unacked"))
    assert {liar.outcome(task)["status"] for task in tasks} == {"SUCCESS"}


def test_row_4_totals_rise_though_every_task_fails(liar: RunningDemo) -> None:
    name = "app.tasks.celery_tasks.cleanup_expired_cache_task"

    def total() -> int:
        stats = liar.report("workers/status")["workers"]["stats"]
        return sum(int(node["total"].get(name, 0)) for node in stats.values())

    before = total()
    with liar.fault("failing-tasks"):
        assert liar.outcome(liar.send("cleanup_expired_cache_task"))["status"] == "FAILURE"
        assert total() > before


def test_row_7_a_full_pool_is_used_to_41_67_percent(liar: RunningDemo, eventually: Eventually) -> None:
    with liar.fault("pool-exhausted"):
        pool = eventually(lambda: (it := liar.report("db/pool")["pool"])["checked_out"] == 15 and it)
    assert (pool["utilization_percent"], pool["max_connections"]) == (41.67, 60)
    assert (pool["pool_usage_percent"], pool["total_capacity"]) == (100, 15)


def test_row_8_a_corrupt_model_is_available(liar: RunningDemo) -> None:
    with liar.fault("model-corrupt"):
        model = liar.report("model-health")["model"]
        assert model["available"] is True
        assert model["error"].startswith("Could not load model details: ")
        assert liar.report("health")["components"]["ncf_model"]["message"] == "Model loaded"


def test_row_9_the_cache_is_ok_without_redis(liar: RunningDemo) -> None:
    with liar.fault("redis-stopped"):
        assert liar.report("cache/stats")["status"] == "ok"


def test_row_10_writes_crawl_and_no_error_is_counted(liar: RunningDemo) -> None:
    key = liar.a_resource()
    with liar.fault("redis-stopped"):
        errors = liar.report("events")["metrics"]["handler_errors"]
        start = time.monotonic()
        assert liar.api.put(f"/resources/{key}", json={"title": "Slow"}, timeout=30).status_code == 200
        assert time.monotonic() - start > 1
        metrics = liar.report("events")["metrics"]
    assert metrics["handler_errors"] == errors
    assert metrics["handler_latency_p99"] > 1000


def test_row_10_honest_hooks_count_their_errors_and_are_quick(demo: RunningDemo) -> None:
    key = demo.a_resource()
    with demo.fault("redis-stopped"):
        errors = demo.report("events")["metrics"]["handler_errors"]
        assert demo.api.put(f"/resources/{key}", json={"title": "Quick"}).status_code == 200
        assert demo.report("events")["metrics"]["handler_errors"] > errors


def test_row_11_a_killed_edge_worker_is_idle(liar: RunningDemo, eventually: Eventually) -> None:
    eventually(lambda: liar.redis(0).get("worker_status") == "Idle", within=10)
    with liar.fault("edge-worker-killed"):
        eventually(lambda: liar.get("/api/v1/ingestion/health/worker")["seconds_since_last_seen"] > 2.6)
        assert liar.get("/api/v1/ingestion/worker/status") == {"status": "Idle"}


def test_row_12_the_fallback_bears_a_famous_name(liar: RunningDemo) -> None:
    key = liar.a_resource()
    with liar.fault("stale-sparse-embeddings"):
        order = {"resource_ids": [key]}
        done = liar.api.post("/admin/sparse-embeddings/generate", json=order).json()
        assert (done["status"], done["resources_to_process"]) == ("completed", 1)
        assert liar.scalars(f"SELECT sparse_embedding_model FROM resources WHERE id = '{key}'") == [CLAIMED]  # noqa: S608  our own id


def test_row_13_an_unhealthy_ingestion_is_a_list_with_http_200(demo: RunningDemo) -> None:
    with demo.fault("redis-stopped"):
        assert demo.api.get("/api/v1/ingestion/health").status_code == 503
        with demo.fault("lying"):
            report, code = demo.get("/api/v1/ingestion/health")
    assert (report["status"], code) == ("unhealthy", 503)
    assert report["services"]["redis"].startswith("unhealthy")


def test_row_15_redis_is_denied_while_it_works(demo: RunningDemo, eventually: Eventually) -> None:
    with demo.fault("lying-pharos"):
        said = demo.report("health")
        assert said["status"] == "degraded"
        assert "Redis unavailable" in said["message"]
        assert said["components"]["redis"]["status"] == "unhealthy"
        assert demo.redis(2).ping()
    # A worker that lost Redis in an earlier test needs a moment to find it again.
    eventually(lambda: demo.report("health")["status"] == "healthy", within=20)


def test_row_16_a_frozen_redis_silences_every_route(liar: RunningDemo, eventually: Eventually) -> None:
    # Two questions with a client's patience of a second each: the first wedges the loop, the second shows it.
    with httpx2.Client(base_url=liar.api.base_url, headers=liar.api.headers, timeout=1) as client:
        with liar.fault("redis-frozen"):
            with pytest.raises(httpx2.ReadTimeout):
                client.get("/api/monitoring/workers/status")
            with pytest.raises(httpx2.ReadTimeout):
                client.get("/api/monitoring/health/module/graph")
        eventually(lambda: is_answered(client, "/api/monitoring/health/module/graph"), within=60)


def is_answered(client: httpx2.Client, path: str) -> bool:
    """Whether the route answers within the client's patience."""
    with suppress(httpx2.TimeoutException):
        return client.get(path).is_success
    return False


def test_engagement_and_recommendation_quality_are_broken(liar: RunningDemo) -> None:
    for name in ("user-engagement", "recommendation-quality"):
        answer = liar.api.get(f"/api/monitoring/{name}")
        assert (answer.status_code, answer.json()) == (500, {"detail": "Internal server error"})


def test_a_question_to_the_workers_stalls_everyone(liar: RunningDemo) -> None:
    asking = threading.Thread(target=lambda: liar.report("workers/status"))
    asking.start()
    slowest = 0.0
    while asking.is_alive():
        start = time.monotonic()
        httpx2.get(f"{liar.api.base_url}/api/monitoring/health/module/graph", timeout=10)
        slowest = max(slowest, time.monotonic() - start)
    assert slowest > 1.5


def test_two_modules_are_wrong_about_themselves_for_ever(liar: RunningDemo) -> None:
    assert liar.get("/resources/health")["status"] == "unhealthy"
    with liar.fault("database-stopped"):
        assert liar.get("/scholarly/health")["status"] == "healthy"
        assert liar.get("/quality/health")["status"] == "unhealthy"
