"""The backend's reports on itself as values: what is missing or of a wrong type is unknown, never a guess."""

from typing import Any

import pytest

from exporter.cardinality import LabelLimiter
from exporter.sources.backend.health import (
    MAX_WORKERS,
    ModelReport,
    merge_model_reports,
    parse_health,
    parse_ml_health,
    parse_model_check,
    parse_model_health,
    parse_module_health,
    parse_workers,
)
from exporter.sources.json_object import JsonObject


def report(**body: Any) -> JsonObject:
    """A response with these fields."""
    return JsonObject(body, "backend /health")


def test_components_have_the_status_that_is_reported_of_them() -> None:
    parts = {"redis": {"status": "unhealthy"}, "celery": {"status": "healthy", "worker_count": 3}, "x": None}
    found = parse_health(report(status="degraded", components=parts))
    assert (found.status, found.workers) == ("degraded", 3)
    assert [found.component(name) for name in ("redis", "celery", "x", "cache")] == [
        "down", "healthy", "unknown", "unknown",
    ]  # fmt: skip


def test_no_more_components_than_fifty_are_kept() -> None:
    found = parse_health(report(components={str(n): {"status": "healthy"} for n in range(60)}))
    assert [*found.components] == [str(n) for n in range(50)]
    assert found.workers is None


def test_a_module_has_the_status_of_its_health() -> None:
    assert parse_module_health(report(health={"status": "degraded"})) == "degraded"
    assert parse_module_health(report(status="degraded")) == "unknown"


def test_tasks_of_all_workers_are_summed_by_name() -> None:
    one = {"total": {"tasks.add": 3, "tasks.mail": 1}, "pool": {"max-concurrency": 4}}
    other = {"total": {"tasks.add": 4, "tasks.odd": "many"}, "pool": {}}
    workers = {"worker_count": 2, "total_active_tasks": 5, "total_scheduled_tasks": 6}
    found = parse_workers(report(status="healthy", workers={**workers, "stats": {"b": other, "a": one}}))
    assert (found.status, found.count, found.active, found.scheduled) == ("healthy", 2, 5, 6)
    assert found.accepted == {"tasks.add": 7, "tasks.mail": 1}
    assert found.processes == {"a": 4, "b": None}


def test_no_more_workers_than_allowed_are_kept() -> None:
    stats = {f"w{number:04}": {"total": {"tasks.add": 1}} for number in range(MAX_WORKERS + 1)}
    found = parse_workers(report(workers={"stats": stats}))
    assert len(found.processes) == MAX_WORKERS
    assert found.accepted == {"tasks.add": MAX_WORKERS}
    assert (found.count, found.active, found.scheduled) == (None, None, None)


@pytest.mark.parametrize(
    ("file", "available", "error", "size", "modified"),
    [
        ({"available": True, "size_mb": 2.5, "last_modified": "2026-01-01T00:00:00"}, True, False, 2.5e6,
         1_767_225_600),
        ({"available": False, "size_mb": 0.0, "error": "no such file"}, False, True, None, None),
        ({"available": "yes", "size_mb": "2", "error": ""}, None, False, None, None),
    ],
)  # fmt: skip
def test_the_file_of_a_model(
    file: dict[str, Any], available: bool | None, error: bool, size: float | None, modified: float | None
) -> None:
    found = parse_model_health(report(model=file), "UTC")
    assert (found.name, found.available, found.error) == ("ncf_model", available, error)
    assert (found.size, found.modified, found.checked) == (size, modified, False)


@pytest.mark.parametrize(
    ("check", "verification", "seconds"),
    [
        ({"status": "healthy", "inference_seconds": 0.25, "inference_ms": 9}, "verified", 0.25),
        ({"status": "healthy", "inference_ms": 250}, "verified", 0.25),
        ({"status": "healthy", "last_inference": "2026-01-01T00:00:00Z"}, "verified", None),
        ({"status": "healthy", "inference_ms": 250, "available": False}, "unverified", 0.25),
        ({"status": "healthy"}, "unverified", None),
        ({"status": "degraded", "inference_ms": 250}, "unverified", 0.25),
        ({"status": "unhealthy", "inference_ms": 250}, "failed", 0.25),
        ({"status": "healthy", "inference_ms": 250, "error": "out of memory"}, "failed", 0.25),
    ],
)
def test_a_model_is_verified_by_an_inference_that_ran(
    check: dict[str, Any], verification: str, seconds: float | None
) -> None:
    found = parse_model_check("classifier", report(**check))
    assert (found.name, found.verification, found.inference_seconds) == ("classifier", verification, seconds)


def test_what_a_check_counts_is_passed_on() -> None:
    counts = {"inferences": 17, "errors": 2, "memory_bytes": 65536, "last_inference": 1_767_225_600}
    found = parse_model_check("classifier", report(**counts))
    assert (found.inferences, found.errors, found.memory, found.last_inference) == (
        17, 2, 65536, 1_767_225_600,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "available"),
    [
        ({"status": "healthy", "http_status": 200}, "healthy", True),
        ({"status": "healthy", "http_status": 499}, "healthy", True),
        ({"status": "healthy", "http_status": 500}, "down", False),
        ({"status": "healthy"}, "healthy", True),
        ({"status": "unhealthy"}, "down", False),
    ],
)
def test_a_check_that_names_no_model_is_one_of_the_classifier(
    body: dict[str, Any], status: str, available: bool
) -> None:
    found = parse_ml_health(report(**body), LabelLimiter(5))
    assert (found.status, found.is_applicable) == (status, True)
    assert found.models == (ModelReport("ml_classification", available=available),)


def test_a_backend_without_models_is_neither_well_nor_unwell() -> None:
    found = parse_ml_health(report(status="not_applicable", http_status=200), LabelLimiter(5))
    assert (found.status, found.http_status, found.models) == ("unknown", 200, ())
    assert not found.is_applicable


def test_models_beyond_those_with_a_name_are_others() -> None:
    models = {"a": {"inferences": 1}, "b": {"inferences": 2}}
    found = parse_ml_health(report(status="healthy", models=models), LabelLimiter(1))
    assert [(it.name, it.inferences) for it in found.models] == [("a", 1), ("other", 2)]


@pytest.mark.parametrize(
    ("file", "check", "available"),
    [(True, False, True), (False, True, False), (None, True, True), (None, None, None)],
)
def test_the_file_of_a_model_is_known_best_by_who_looks_at_it(
    file: bool | None, check: bool | None, available: bool | None
) -> None:
    found = merge_model_reports(
        ModelReport("ncf_model", available=file, size=2.5e6, modified=9.0),
        ModelReport("ncf_model", available=check, inferences=17),
    )
    assert (found.available, found.error) == (available, False)
    assert (found.size, found.modified, found.inferences) == (2.5e6, 9.0, 17)


@pytest.mark.parametrize(("file", "check"), [(True, False), (False, True), (True, True)])
def test_an_error_of_the_file_or_of_the_check_is_one_of_the_model(file: bool, check: bool) -> None:
    assert merge_model_reports(ModelReport("m", error=file), ModelReport("m", error=check)).error
