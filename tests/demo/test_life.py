"""The demo lives: visitors come, tasks run, repositories are taken in."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from demo.api.backend import module_of
from demo.settings import MODULES
from demo.worker.celery_app import TASKS
from tests.demo.running_demo import RunningDemo
from tests.servers.processes import Server

Eventually = Callable[..., Any]


def requests_by_module(demo: RunningDemo) -> Counter[str]:
    """How many requests each module has answered."""
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(demo.api.get("/metrics").text):
        for sample in family.samples:
            if sample.name == "http_requests_total":
                found[str(module_of(sample.labels["handler"]))] += int(sample.value)
    return found


def test_visitors_use_every_module(demo: RunningDemo, tmp_path: Path, eventually: Eventually) -> None:
    before = requests_by_module(demo)
    visitors = Server(
        [sys.executable, "-m", "demo.traffic"],
        tmp_path / "traffic.log",
        env=demo.variables | {"DEMO_TRAFFIC_PEAK": "100", "DEMO_DAY_START": "0.45"},
    )
    visitors.start()
    try:
        eventually(lambda: set(MODULES) <= set(requests_by_module(demo) - before), within=40)
    finally:
        visitors.stop()
    assert visitors.output() == ""


def test_a_change_becomes_tasks_that_workers_do(demo: RunningDemo, eventually: Eventually) -> None:
    key = demo.a_resource()
    text = "basalt quartz mantle " * 10
    assert demo.api.put(f"/resources/{key}", json={"description": text}).status_code == 200
    query = f"SELECT search_vector FROM resources WHERE id = '{key}'"  # noqa: S608  our own id
    eventually(lambda: demo.scalars(query) == ["basalt mantle quartz"] or demo.scalars(query)[0], within=15)
    assert "basalt" in demo.scalars(query)[0]


def test_every_task_is_known_to_the_worker_and_really_works(demo: RunningDemo) -> None:
    key = demo.a_resource()
    plain = [name for name in TASKS if name not in ("batch_process_resources_task", "ingest_repo_task")]
    sent = {name: demo.send(name, key) for name in plain}
    sent["batch_process_resources_task"] = demo.send("batch_process_resources_task", [key])
    sent["ingest_repo_task"] = demo.send("ingest_repo_task", "github.com/lighthouse/lamp")
    assert {name: demo.outcome(task)["status"] for name, task in sent.items()} == dict.fromkeys(
        sent, "SUCCESS"
    )


def test_a_text_without_words_is_a_real_failure(demo: RunningDemo) -> None:
    empty = demo.scalars("SELECT id FROM resources WHERE description = '' LIMIT 1")[0]
    failed = demo.outcome(demo.send("recompute_quality_task", empty))
    assert (failed["status"], failed["result"]["exc_type"]) == ("FAILURE", "EmptyResource")
    gone = demo.outcome(demo.send("classify_resource_task", "nobody"))
    assert (gone["status"], gone["result"]["exc_type"]) == ("FAILURE", "LookupError")


def test_a_repository_passes_through_the_edge_worker(demo: RunningDemo, eventually: Eventually) -> None:
    url = "github.com/keepers/lens"
    assert demo.api.post(f"/api/v1/ingestion/ingest/{url}").json()["status"] == "queued"

    def done() -> dict[str, Any] | None:
        jobs = demo.get("/api/v1/ingestion/jobs/history")["jobs"]
        return next((job for job in jobs if job["repo_url"] == url), None)

    job = eventually(done, within=15)
    assert job["status"] in ("complete", "failed")
    assert job["error"] == "CUDA out of memory" if job["status"] == "failed" else job["files_processed"] > 0
    assert demo.get("/api/v1/ingestion/health/worker")["state"] == "online"
    assert json.loads(str(demo.redis(0).get("pharos:worker:meta")))["queue_drained_count"] >= 1


def test_an_overdue_repository_is_a_dead_letter(demo: RunningDemo, eventually: Eventually) -> None:
    late = {"repo_url": "github.com/old/news", "submitted_at": "2026-01-01T00:00:00", "ttl": 60}
    demo.redis(0).rpush("ingest_queue", json.dumps(late))
    found = eventually(lambda: demo.redis(0).lindex("pharos:dlq", 0), within=15)
    assert json.loads(str(found))["reason"] == "Task exceeded TTL"


def test_a_full_queue_takes_no_more(demo: RunningDemo) -> None:
    with demo.fault("edge-worker-killed"):
        codes = [demo.api.post("/api/v1/ingestion/ingest/github.com/a/b").status_code for _ in range(12)]
        assert int(str(demo.redis(0).llen("ingest_queue"))) == 10
    assert codes[-2:] == [429, 429]
    demo.redis(0).delete("ingest_queue")


def test_the_cache_counts_a_miss_then_a_hit(demo: RunningDemo) -> None:
    key = demo.a_resource()
    demo.redis(2).delete(f"resource:{key}")
    before = demo.report("cache/stats")["cache_stats"]
    for _ in range(2):
        demo.get(f"/resources/{key}")
    after = demo.report("cache/stats")["cache_stats"]
    assert after["hits"] == before["hits"] + 1
    assert after["misses"] >= before["misses"] + 1
    assert 0 < int(str(demo.redis(2).ttl(f"resource:{key}"))) <= 600
