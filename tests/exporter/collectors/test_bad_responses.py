"""Whatever the backend sends instead of an answer costs the families made of it, and nothing else."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exporter.sources.backend.ping import PING_CANDIDATES
from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import Watched, watching
from tests.exporter.replay import replay
from tests.servers.waiting import eventually

ORDINARY = Path(__file__).parents[1] / "answers" / "ordinary"
TOKEN = "bearer-of-bad-news"
PAYLOAD = "payload-that-nobody-should-see"


@dataclass(frozen=True)
class Subject:
    """A route, the part that is made of it, and a family that only this part has."""

    path: str
    part: str
    family: str


SUBJECTS = (
    Subject("/metrics", "api.totals", "ops_http_requests_total"),
    Subject("/api/monitoring/events", "event_bus.totals", "ops_event_bus_emitted_total"),
    Subject("/api/monitoring/performance", "api.performance", "ops_backend_method_calls_total"),
    Subject("/api/monitoring/db/pool", "database.pool", "ops_database_pool_capacity_connections"),
    Subject("/api/monitoring/health/ml", "models.ml_health", "ops_ml_health_http_status"),
)
OTHERS = (*SUBJECTS, Subject("/api/monitoring/cache/stats", "cache.application", "ops_cache_hits_total"))
Spoil = Callable[[BackendDouble, str], None]


def sends(body: Any, status: int = 200, **more: Any) -> Spoil:
    """Answer with this instead."""
    return lambda backend, path: backend.says(path, body, status, **more)


def hangs(backend: BackendDouble, path: str) -> None:
    """Never answer."""
    backend.hangs(path)


KINDS: dict[str, Spoil] = {
    "hangs": hangs,
    "401": sends({"detail": PAYLOAD}, 401),
    "500": sends({"detail": PAYLOAD}, 500),
    "HTML": sends(f"<html><body>{PAYLOAD}</body></html>", content_type="text/html"),
    "truncated": sends('{"status": "ok", "metrics": {"events_em' + PAYLOAD),
    "cut off": sends(f'{{"status": "{PAYLOAD}"}}', length=100_000),
    "list": sends([{"status": PAYLOAD}, 503]),
    "null": sends("null"),
    "empty": sends(""),
    "no UTF-8": sends(b"\xff\xfe{\x00" + PAYLOAD.encode()),
    "deep": sends("[" * 100_000),
}


def whole_but(exporter: Watched, spoilt: Subject, success: float | None = 0) -> bool:
    """Whether everything but this subject is on the page, in time; `success` is that of its part."""
    page = exporter.page(*(subject.part for subject in OTHERS))
    assert page.seconds < 2
    for subject in OTHERS:
        assert bool(page.series(subject.family)) == (subject != spoilt), subject
    assert page.value("ops_collector_success", collector=spoilt.part) == success
    return True


def healed(exporter: Watched, spoilt: Subject) -> bool:
    """Whether the subject is on the page again."""
    page = exporter.page(spoilt.part)
    return (
        bool(page.series(spoilt.family)) and page.value("ops_collector_success", collector=spoilt.part) == 1
    )


def settings(backend: BackendDouble) -> dict[str, Any]:
    """Short periods, so that a change is seen at once."""
    return {"url": backend.url, "token": TOKEN, "fast_period": 0.05, "period": 1.0}


def said(log: pytest.LogCaptureFixture, subject: Subject) -> list[str]:
    """What was logged of this part."""
    return [line for line in log.messages if line.startswith(subject.part)]


CASES = [
    *((subject, kind) for subject in SUBJECTS[:2] for kind in KINDS),
    *((subject, kind) for subject in SUBJECTS[2:] for kind in ("hangs", "HTML")),
]


@pytest.mark.parametrize(("subject", "kind"), CASES, ids=lambda value: getattr(value, "part", value))
def test_a_bad_answer_costs_its_own_families(
    subject: Subject, kind: str, backend: BackendDouble, caplog: pytest.LogCaptureFixture
) -> None:
    replay(backend, ORDINARY)
    KINDS[kind](backend, subject.path)
    with watching(backend=settings(backend)) as exporter, caplog.at_level(logging.INFO, "exporter"):
        eventually(lambda: whole_but(exporter, subject), within=15)
        eventually(lambda: exporter.page(subject.part) and said(caplog, subject))
        exporter.page(subject.part)
        assert len(said(caplog, subject)) == 1, said(caplog, subject)
        assert PAYLOAD not in caplog.text
        assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("status", "body"), [(404, {"detail": "Not Found"}), (501, {}), (503, {"detail": "not configured"})]
)
def test_a_route_that_is_not_there_is_no_failure_and_is_left_alone(
    status: int, body: Any, backend: BackendDouble
) -> None:
    replay(backend, ORDINARY)
    subject = SUBJECTS[1]
    backend.says(subject.path, body, status)
    with watching(backend=settings(backend) | {"period": 0.2}) as exporter:
        eventually(lambda: whole_but(exporter, subject, success=None))
        before = backend.asked[subject.path]
        eventually(lambda: backend.asked["/api/monitoring/cache/stats"] > 8, within=30)
        assert backend.asked[subject.path] == before


def test_a_route_that_answered_before_and_fails_now_is_a_failure(backend: BackendDouble) -> None:
    replay(backend, ORDINARY)
    subject = SUBJECTS[1]
    with watching(backend=settings(backend)) as exporter:
        eventually(lambda: exporter.page(subject.part).series(subject.family))
        backend.says(subject.path, {"detail": "The database does not answer"}, 503)
        eventually(lambda: whole_but(exporter, subject))


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.part)
def test_the_next_good_answer_heals_it(
    subject: Subject, backend: BackendDouble, caplog: pytest.LogCaptureFixture
) -> None:
    replay(backend, ORDINARY)
    whole = backend.answers[subject.path]
    backend.says(subject.path, {}, 500)
    with watching(backend=settings(backend)) as exporter, caplog.at_level(logging.INFO, "exporter"):
        eventually(lambda: whole_but(exporter, subject))
        backend.answers[subject.path] = whole
        eventually(lambda: healed(exporter, subject))
    assert f"{subject.part} works again" in caplog.messages


@pytest.mark.parametrize(
    ("path", "body", "missing", "there"),
    [
        (
            "/api/monitoring/events",
            {"metrics": {"events_emitted": 5, "events_delivered": "many", "handler_errors": None,
                         "event_types": {"a": 3, "b": "x", "c": float("nan")}, "new_field": [1]}},
            ("ops_event_bus_delivered_total", "ops_event_bus_handler_errors_total"),
            ("ops_event_bus_emitted_total", 5),
        ),
        (
            "/api/monitoring/performance",
            {"metrics": {"slow_query_count": 4, "method_timings": {"m": [1, 2], "n": {"count": True}}}},
            ("ops_backend_method_calls_total",),
            ("ops_backend_slow_queries_total", 4),
        ),
        (
            "/api/monitoring/model-health",
            {"model": {"available": True, "size_mb": "big", "last_modified": "yesterday"}},
            ("ops_model_file_bytes", "ops_model_modified_timestamp_seconds"),
            None,
        ),
        ("/api/monitoring/events", {"metrics": []}, ("ops_event_bus_emitted_total",), None),
        ("/api/monitoring/health/ml", {"models": {"x": 4}, "http_status": "503"},
         ("ops_ml_health_http_status",), None),
    ],
)  # fmt: skip
def test_a_wrong_field_is_a_missing_series_and_never_0(
    path: str, body: Any, missing: tuple[str, ...], there: tuple[str, float] | None, backend: BackendDouble
) -> None:
    replay(backend, ORDINARY)
    backend.says(path, json.dumps(body))
    with watching(backend=settings(backend)) as exporter:
        page = exporter.page("event_bus", "api.performance", "models")
    for name in missing:
        assert page.series(name) == []
    if there is not None:
        assert page.value(there[0]) == there[1]


@pytest.mark.parametrize("path", ["/metrics", "/api/monitoring/events"])
def test_fifty_megabytes_are_refused_in_time(path: str, backend: BackendDouble) -> None:
    replay(backend, ORDINARY)
    backend.says(path, b"x" * 50_000_000)
    subject = next(subject for subject in SUBJECTS if subject.path == path)
    with watching(backend=settings(backend)) as exporter:
        eventually(lambda: whole_but(exporter, subject))


def test_a_backend_that_refuses_is_down_with_all_its_modules(free_port: Callable[[], int]) -> None:
    with watching(backend={"url": f"http://127.0.0.1:{free_port()}"}) as exporter:
        page = exporter.page("api", "modules", "self_reports")
    assert page.value("ops_backend_up") == 0
    assert page.state("ops_module_status", module="graph") == "down"
    assert page.state("ops_component_status", component="api") == "down"
    assert page.series("ops_http_requests_total") == []
    assert page.value("ops_collector_success", collector="api") == 0


def test_a_backend_that_hangs_is_down_once_its_silence_is_beyond_doubt(backend: BackendDouble) -> None:
    replay(backend, ORDINARY)
    for path in (*backend.answers, *PING_CANDIDATES):
        backend.hangs(path)
    with watching(backend={"url": backend.url, "timeout": 0.3}) as exporter:
        page = exporter.page()
        assert page.seconds < 2
        assert page.value("ops_backend_up") is None
        assert page.state("ops_module_status", module="search") == "unknown"
        eventually(lambda: exporter.page("api.up").value("ops_backend_up") == 0, within=12)
        assert exporter.page("api.up").value("ops_backend_wedged") == 1
        assert exporter.page("modules").state("ops_module_status", module="search") == "down"
    # three pings and what follows rarely, and nothing else
    assert sum(backend.asked.values()) < 8


@pytest.mark.parametrize("status", [401, 500])
def test_a_backend_that_answers_with_errors_is_up(status: int, backend: BackendDouble) -> None:
    backend.says("/metrics", {"detail": "no"}, status)
    with watching(backend={"url": backend.url}) as exporter:
        assert exporter.page("api.up").value("ops_backend_up") == 1


@pytest.mark.parametrize(
    ("body", "status", "seen"),
    [
        ({"status": "healthy"}, 200, "healthy"),
        ({"status": "ok", "database": True}, 200, "healthy"),
        ({"status": "unhealthy"}, 200, "down"),
        ({"status": "healthy", "database": {"healthy": False}}, 200, "down"),
        ({"status": "healthy", "database": False}, 200, "down"),
        ({"status": "degraded"}, 200, "degraded"),
        ([{"status": "unhealthy"}, 503], 200, "down"),
        ([{"status": "healthy"}, 200], 200, "healthy"),
        ([{"status": "healthy"}, 503], 200, "down"),
        ({"status": "healthy"}, 503, "down"),
        ({"detail": "Internal server error"}, 500, "down"),
        ({"detail": "Not authenticated"}, 401, "unknown"),
        ({"detail": "Not Found"}, 404, "unknown"),
        ("<html>healthy</html>", 200, "unknown"),
        ("[]", 200, "unknown"),
        ({"status": 1}, 200, "unknown"),
        ({"healthy": True}, 200, "unknown"),
    ],
)
def test_a_health_route_is_read_and_its_http_status_not_believed(
    body: Any, status: int, seen: str, backend: BackendDouble
) -> None:
    backend.says("/search/health", body, status)
    with watching(backend={"url": backend.url}) as exporter:
        first = exporter.page("modules.status").state("ops_module_observed_status", module="search")
        assert first == ("unknown" if seen == "down" else seen)  # one response alone marks no module as down
        eventually(
            lambda: (
                exporter.page("modules.status").state("ops_module_observed_status", module="search") == seen
            )
        )
        page = exporter.page("modules.status")
    assert page.state("ops_module_observed_status", module="search") == seen
    assert (page.value("ops_module_probe_duration_seconds", module="search") is None) == (seen == "unknown")


def test_a_module_that_was_seen_keeps_the_time_at_which_it_was(backend: BackendDouble) -> None:
    backend.says("/search/health", {"status": "healthy"})
    name = "ops_module_last_known_timestamp_seconds"
    with watching(backend={"url": backend.url, "fast_period": 0.001}) as exporter:
        first = exporter.page("modules.status").value(name, module="search", by="observed")
        backend.says("/search/health", {}, 404)
        eventually(lambda: is_unknown(exporter, "search"))
        page = exporter.page("modules.status")
    assert first is not None
    assert page.value(name, module="search", by="observed") == pytest.approx(first, abs=3)


def is_unknown(exporter: Watched, module: str) -> bool:
    """Whether nothing is known of the module now."""
    return exporter.page("modules.status").state("ops_module_status", module=module) == "unknown"
