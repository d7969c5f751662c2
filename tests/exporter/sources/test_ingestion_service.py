"""Our own ingestion service through its routes: jobs, workers, the embedding run, and answers gone wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exporter.sources.ingestion.models import IngestionJob
from exporter.sources.ingestion_service import (
    EmbeddingRun,
    ServiceWorker,
    parse_embeddings,
    parse_job,
    parse_worker,
    parse_workers,
)
from exporter.sources.json_object import JsonObject
from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.service_answers import (
    BELOW,
    EMBEDDINGS,
    ROUTES,
    history,
    job,
    service_says,
    worker,
    workers,
)
from tests.exporter.whole_page import whole
from tests.servers.waiting import eventually

PARTS = (
    "ingestion.service", "ingestion.service_jobs", "ingestion.service_history", "ingestion.service_workers",
    "sparse_embeddings.service",
)  # fmt: skip
OWN = "ops_ingestion_service"


@pytest.fixture
def exporter(backend: BackendDouble) -> Iterator[Watched]:
    """One that watches a service which works."""
    service_says(backend)
    with watching(**settings(backend)) as exporter:
        yield exporter


def settings(backend: BackendDouble, **more: Any) -> dict[str, Any]:
    """The double as the service, asked often."""
    return {"service": {"url": f"{backend.url}{BELOW}", "period": 0.05, "embeddings_period": 0.05, **more}}


def states(page: Page, name: str) -> dict[str, float]:
    """The values of a family by its state."""
    return {labels["state"]: value for labels, value in page.series(name)}


def test_jobs_by_state_and_the_room_for_more(exporter: Watched) -> None:
    page = whole(exporter, "ingestion.service", "ingestion.service_jobs")
    assert page.value(f"{OWN}_up") == 1
    assert page.state(f"{OWN}_reported_health", service="ingestion") == "healthy"
    assert page.state(f"{OWN}_reported_health", service="workers") == "down"
    assert states(page, f"{OWN}_jobs") == {
        "pending": 3, "processing": 1, "complete": 40, "failed": 2, "skipped": 0, "cancelled": 1,
    }  # fmt: skip
    assert page.value(f"{OWN}_queue_capacity") == 10


def test_durations_and_what_ended(exporter: Watched) -> None:
    page = whole(exporter, "ingestion.service_history")
    assert states(page, f"{OWN}_history_jobs") == {"complete": 1, "failed": 1, "skipped": 0, "cancelled": 1}
    assert page.value(f"{OWN}_history_duration_seconds", quantile="0.5") == 4
    assert page.value(f"{OWN}_history_duration_seconds", quantile="1.0") == 9
    assert page.value(f"{OWN}_last_job_timestamp_seconds", state="failed") == 1893553445


def test_a_job_is_counted_when_it_joins_the_history(exporter: Watched, backend: BackendDouble) -> None:
    before = whole(exporter, "ingestion.service_history")
    assert before.value(f"{OWN}_jobs_ended_total", state="complete") == 0
    history(backend, job(4, "cancelled"), job(5, files_processed=100), job(1), job(2, "failed"))

    def counted() -> Page:
        page = exporter.page("ingestion.service_history")
        assert page.value(f"{OWN}_jobs_ended_total", state="complete") == 1
        return page

    page = eventually(counted)
    assert page.value(f"{OWN}_jobs_ended_total", state="cancelled") == 1
    assert page.value(f"{OWN}_files_processed_total") == 7 + 100 + 7
    assert page.value(f"{OWN}_job_duration_seconds_count") == 3


def test_a_worker_is_held_against_its_heartbeat(exporter: Watched, backend: BackendDouble) -> None:
    old = (datetime.now(UTC) - timedelta(seconds=100)).isoformat()
    workers(
        backend,
        worker("lively"),
        worker("silent", last_heartbeat=old, gpu_available=False),  # the service still calls it online
        worker("far", type="edge", last_heartbeat=old, status="degraded"),
        worker("never", last_heartbeat=None, status="offline", gpu_available=None, job_ids=None),
        worker("", status="online"),
        "no worker",
    )
    page = whole(exporter, "ingestion.service_workers")
    assert page.state(f"{OWN}_reported_state", "state") == "training"
    said = {w: page.state(f"{OWN}_worker_reported_status", worker=w) for w in ("silent", "far", "never")}
    assert said == {"silent": "healthy", "far": "degraded", "never": "down"}
    names = ("lively", "silent", "far", "never")
    seen = {name: page.state(f"{OWN}_worker_status", worker=name) for name in names}
    assert seen == {"lively": "healthy", "silent": "down", "far": "healthy", "never": "unknown"}
    assert page.value(f"{OWN}_worker_info", worker="far", kind="edge", gpu="yes") == 1
    assert page.value(f"{OWN}_worker_info", worker="never", gpu="unknown") == 1
    assert page.series(f"{OWN}_worker_heartbeat_timestamp_seconds", worker="never") == []
    assert page.value(f"{OWN}_worker_jobs", worker="lively") == 1


def test_more_workers_than_are_shown_leave_the_newest(backend: BackendDouble) -> None:
    service_says(backend)
    workers(backend, *(worker(f"w{n}", last_heartbeat=f"2030-01-01T00:00:{n:02}Z") for n in range(20)))
    with watching(**settings(backend, workers=3)) as exporter:
        page = whole(exporter, "ingestion.service_workers")
    shown = {labels["worker"] for labels, _ in page.series(f"{OWN}_worker_jobs")}
    assert shown == {"w17", "w18", "w19"}


def test_how_far_the_embedding_run_is(exporter: Watched) -> None:
    page = whole(exporter, "sparse_embeddings.service")
    run = "ops_sparse_embeddings_run"
    assert page.value(f"{run}_active") == 1
    assert (page.value(f"{run}_resources_done"), page.value(f"{run}_resources")) == (16, 40)
    assert page.value(f"{run}_remaining_seconds") == 3.5
    assert page.state("ops_sparse_embeddings_last_run_state", "state") == "failed"
    assert page.value("ops_sparse_embeddings_last_run_timestamp_seconds") == 1893553320
    assert page.value("ops_sparse_embeddings_last_success_duration_seconds") == 30
    assert states(page, "ops_sparse_embeddings_service_resources") == {"with": 200, "without": 40}
    assert page.value("ops_sparse_embeddings_service_model_resources", model="bm25-english-v1") == 200


def test_without_a_run_nothing_is_said_of_its_progress(exporter: Watched, backend: BackendDouble) -> None:
    backend.says(EMBEDDINGS, {"running": None, "remaining_seconds": None, "last_run": None, "coverage": {}})
    page = whole(exporter, "sparse_embeddings.service")
    shown = {labels for labels in page.names() if page.series(labels) and labels.startswith("ops_sparse")}
    assert shown == {"ops_sparse_embeddings_run_active"}
    assert page.value("ops_sparse_embeddings_run_active") == 0


def test_a_service_that_is_away_is_down_and_heals(backend: BackendDouble) -> None:
    with watching(**settings(backend)) as exporter:
        page = exporter.page(*PARTS)
        assert page.value(f"{OWN}_up") == 0
        assert page.series(f"{OWN}_jobs") == []
        assert page.value("ops_collector_success", collector="ingestion.service_jobs") == 0
        service_says(backend)
        assert whole(exporter, *PARTS).value(f"{OWN}_up") == 1


def test_it_says_itself_that_it_is_unhealthy(exporter: Watched, backend: BackendDouble) -> None:
    services = {"database": "unhealthy: OperationalError", "redis": "healthy", "workers": "unknown"}
    backend.says(f"{ROUTES}/health", {"status": "unhealthy", "services": services}, 503)
    page = whole(exporter, "ingestion.service")
    found = {s: page.state(f"{OWN}_reported_health", service=s) for s in ("ingestion", "database", "workers")}
    assert found == {"ingestion": "down", "database": "down", "workers": "unknown"}
    assert page.value(f"{OWN}_up") == 1


@pytest.mark.parametrize(
    "body", ["<html>", '{"pend', [], {}, {"pending": "many", "failed": float("nan")}, {"pending": -1}]
)
def test_counts_that_are_none_cost_only_themselves(
    exporter: Watched, backend: BackendDouble, body: Any
) -> None:
    backend.says(f"{ROUTES}/queue", body)
    page = eventually(lambda: only_failed(exporter, "ingestion.service_jobs"))
    assert page.series(f"{OWN}_jobs") == []
    assert page.series(f"{OWN}_queue_capacity") == []


def only_failed(exporter: Watched, part: str) -> Page:
    """The page on which this part fails, and nothing else."""
    page = exporter.page(*PARTS)
    failed = {labels["collector"] for labels, value in page.series("ops_collector_success") if not value}
    assert failed == {part}
    return page


def test_strange_entries_are_left_out_or_other(exporter: Watched, backend: BackendDouble) -> None:
    history(backend, job(1, "vanished", duration_seconds=-3), "x", None, job(2, timestamp="soon"))
    workers(backend, worker("w", type="lighthouse", status="dreaming"), status="Dreaming")
    page = whole(exporter, *PARTS)
    assert states(page, f"{OWN}_history_jobs")["complete"] == 1
    assert page.value(f"{OWN}_worker_info", worker="w", kind="other") == 1
    assert page.state(f"{OWN}_worker_reported_status", worker="w") == "unknown"
    assert page.state(f"{OWN}_reported_state", "state") == "unknown"


def test_nothing_is_said_where_no_service_is_named(backend: BackendDouble) -> None:
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page(*PARTS)
    assert [name for name in page.names() if "service" in name and page.series(name)] == []
    assert {value for _, value in page.series("ops_collector_success")} <= {1.0}


def test_it_is_asked_seldom_however_often_it_is_scraped(backend: BackendDouble) -> None:
    service_says(backend)
    with watching(**settings(backend, period=60, embeddings_period=60)) as exporter:
        whole(exporter, *PARTS)
        for _ in range(20):
            exporter.page(*PARTS)
    assert backend.asked[f"{ROUTES}/queue"] == backend.asked[EMBEDDINGS] == 1


@pytest.mark.parametrize(
    ("heartbeat", "status"), [(None, "unknown"), (90.0, "healthy"), (89.9, "down"), (101.0, "healthy")]
)
def test_a_worker_is_judged_by_its_heartbeat(heartbeat: float | None, status: str) -> None:
    assert ServiceWorker("w", "cloud", "healthy", heartbeat, None, 0.0).status(100.0, 10.0) == status


def test_what_the_service_says_of_jobs_and_workers_is_read_as_it_is() -> None:
    item = JsonObject(
        {"status": "skipped", "duration_seconds": 0, "files_processed": 1, "timestamp": 5}, "job"
    )
    assert parse_job(item) == IngestionJob("skipped", 0.0, 1.0, None, 5.0)
    assert parse_job(JsonObject({"status": "pending"}, "job")).state == "other"
    assert parse_worker(JsonObject({"id": "", "job_ids": [1]}, "worker")) is None
    shown = parse_worker(JsonObject({"id": "w", "job_ids": [1, 2], "gpu_available": False}, "worker"))
    assert shown == ServiceWorker("w", "other", "unknown", None, False, 2.0)
    state = parse_workers(JsonObject({"status": " Training on x", "workers": [{"id": "w"}, {}]}, "workers"))
    assert (state.state, len(state.each), state.each[0].jobs) == ("training", 1, 0.0)


def test_what_the_service_says_of_a_run_is_read_as_it_is() -> None:
    run = {"status": "complete", "started_at": 1, "ended_at": 2, "total": 0, "done": -1}
    coverage = {"embedded": 0, "missing": -1, "by_model": {"m": 1}}
    state = parse_embeddings(
        JsonObject({"last_run": run, "running": [], "remaining_seconds": -1, "coverage": coverage}, "state")
    )
    assert state.last_run == EmbeddingRun("complete", 1.0, 2.0, 0.0, None)
    assert (state.running, state.remaining, state.resources, state.by_model) == (
        None,
        None,
        {"with": 0.0},
        {"m": 1.0},
    )


def test_no_more_of_a_history_is_counted_than_was_asked_for(backend: BackendDouble) -> None:
    service_says(backend)
    history(backend, *(job(number) for number in range(105)))
    with watching(**settings(backend)) as exporter:
        page = whole(exporter, "ingestion.service_history")
    assert page.value(f"{OWN}_history_jobs", state="complete") == 100
