"""The check of a backend: politely, each route once, and a sentence for all that cannot be seen."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from exporter.check import run
from exporter.check.finding import Finding, FindingState, ReportSection
from exporter.settings import Settings
from tests.exporter.backend_double import BackendDouble, Says
from tests.exporter.replay import replay
from tests.exporter.second_line_routes import document

ANSWERS = Path(__file__).parents[1] / "answers"
BLOCKING = ("/api/monitoring/health", "/api/monitoring/workers/status")


@pytest.fixture
def ordinary(backend: BackendDouble) -> BackendDouble:
    """The first line on an ordinary day, which describes the routes of the default modules."""
    replay(backend, ANSWERS / "ordinary")
    settings = Settings()
    paths = [path for module in settings.modules for path in (*module.prefixes, module.health or "/metrics")]
    backend.says("/openapi.json", document(tuple(paths)))
    return backend


def checked(backend: BackendDouble, seconds: float = 20.0, **more: Any) -> run.CheckReport:
    """The result of the check."""
    settings = Settings.model_validate({"backend": {"url": backend.url, "token": "a-token-of-ours"}, **more})
    return asyncio.run(run.run_check(settings, seconds))


def section(result: run.CheckReport, name: str) -> ReportSection:
    """One source."""
    return next(it for it in result.sections if it.name == name)


def finding(section: ReportSection, what: str) -> Finding:
    """One thing of it."""
    return next(it for it in section.findings if it.what == what)


def test_all_that_a_backend_shows_is_seen_and_nothing_is_requested_twice(ordinary: BackendDouble) -> None:
    result = checked(ordinary)
    found = section(result, "backend")
    assert finding(found, "reachable").state is FindingState.SEEN
    assert finding(found, "token").detail == "accepted"
    assert "/db/pool, /performance" in finding(found, "routes").detail
    assert not {*BLOCKING} & ordinary.asked.keys()
    assert finding(found, "/health, /workers/status").state is FindingState.SKIPPED
    often = {path for path, count in ordinary.asked.items() if count > 1}
    # one report for each of three windows; other polls wait for the page of metrics or the pool's figures
    assert often <= {"/api/monitoring/user-engagement", "/metrics", "/api/monitoring/db/pool"}
    assert finding(section(result, "modules"), "prefixes").state is FindingState.SEEN


def test_what_it_costs_follows_from_periods_and_what_was_sent(ordinary: BackendDouble) -> None:
    ordinary.monitoring("/user-engagement", {"metrics": {}})
    polls = {it.name: it for it in section(checked(ordinary), "backend").polls}
    assert polls["backend /metrics"].a_minute == pytest.approx(120)
    assert polls["backend /user-engagement"].operations == 3
    assert polls["backend /events"].operations == 1
    assert all(it.seconds > 0 for it in polls.values())


def test_without_a_token_one_sentence_says_which_setting(backend: BackendDouble) -> None:
    replay(backend, ANSWERS / "no_token")
    settings = Settings.model_validate({"backend": {"url": backend.url}})
    result = asyncio.run(run.run_check(settings))
    found = finding(section(result, "backend"), "token")
    assert found.state is FindingState.HIDDEN
    assert found.advice == "Set BACKEND_TOKEN_FILE (or BACKEND_TOKEN) to a token that the backend accepts."
    assert "/metrics" in found.detail
    assert result.hidden >= 1
    assert "expired" in finding(section(checked(backend), "backend"), "token").advice


def test_a_token_file_that_is_not_there_is_named(ordinary: BackendDouble, tmp_path: Path) -> None:
    own = {"url": ordinary.url, "token_file": str(tmp_path / "gone")}
    settings = Settings.model_validate({"backend": own})
    found = section(asyncio.run(run.run_check(settings)), "backend")
    assert "gone cannot be read" in str(found.findings)
    assert found.hidden


def test_a_page_in_which_nothing_is_recognised_is_told(ordinary: BackendDouble) -> None:
    ordinary.says("/metrics", "# TYPE other counter\nother_total 3\n", content_type="text/plain")
    found = finding(section(checked(ordinary), "backend"), "/metrics content")
    assert found.state is FindingState.HIDDEN
    assert "ENABLE_METRICS" in found.advice


def test_a_route_that_is_not_there_is_no_fault_and_one_that_fails_is(ordinary: BackendDouble) -> None:
    ordinary.says("/api/v1/ingestion/health", {"detail": "not configured"}, 503)
    ordinary.monitoring("/recommendation-quality", {"detail": "Internal server error"}, 500)
    ordinary.monitoring("/events", {"detail": "Not Found"}, 404)
    found = section(checked(ordinary), "backend")
    absent = finding(found, "routes absent")
    assert absent.state is FindingState.ABSENT
    assert absent.detail == "/events (404), ingestion health (503), ingestion worker health (404)"
    broken = finding(found, "/recommendation-quality")
    assert (broken.state, "log" in broken.advice) == (FindingState.HIDDEN, True)


def test_a_page_of_metrics_that_is_not_there_is_a_fault(ordinary: BackendDouble) -> None:
    ordinary.says("/metrics", "", 404)
    found = finding(section(checked(ordinary), "backend"), "/metrics")
    assert (found.state, "ENABLE_METRICS" in found.advice) == (FindingState.HIDDEN, True)


def test_a_backend_that_is_frozen_is_told_within_seconds(ordinary: BackendDouble) -> None:
    ordinary.hangs("/")
    result = checked(ordinary, seconds=5.0)
    found = section(result, "backend")
    assert len(found.findings) == 1
    assert "frozen" in found.findings[0].advice
    assert result.seconds < 8


def test_once_it_falls_silent_nothing_more_is_requested(ordinary: BackendDouble) -> None:
    def freezes() -> Says:
        ordinary.hangs("/")
        return Says("", after=ordinary.released)

    ordinary.answers["/api/monitoring/database"] = freezes
    found = section(checked(ordinary), "backend")
    assert finding(found, "/database").state is FindingState.HIDDEN
    assert "/cache/stats" in finding(found, "routes left out").detail
    assert "/api/monitoring/cache/stats" not in ordinary.asked


def test_nobody_there_is_one_row(backend: BackendDouble) -> None:
    settings = Settings.model_validate({"backend": {"url": "http://127.0.0.1:1"}})
    result = asyncio.run(run.run_check(settings))
    assert len(section(result, "backend").findings) == 1
    assert "BACKEND_URL" in section(result, "backend").findings[0].advice
    assert result.proposal == ""


def test_modules_that_the_backend_does_not_have_are_named(ordinary: BackendDouble) -> None:
    ordinary.says("/openapi.json", document())
    ordinary.says("/api/collections/health", {"status": "healthy", "database": True})
    result = checked(ordinary)
    found = section(result, "modules")
    assert "9 of 13 modules have no route" in finding(found, "prefixes").detail
    assert "OPS_MODULES" in finding(found, "prefixes").advice
    assert "# health: /api/collections/health  # 200, healthy, " in result.proposal
    assert not {*BLOCKING} & ordinary.asked.keys()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("<html>", "backend /openapi.json is not JSON"),
        (json.dumps({"paths": {"/a": "x" * 6_000_000}}), "sent more than 5000000 bytes"),
    ],
)
def test_a_backend_that_does_not_describe_itself_is_one_sentence(
    ordinary: BackendDouble, body: str, sentence: str
) -> None:
    ordinary.says("/openapi.json", body)
    result = checked(ordinary)
    found = finding(section(result, "modules"), "routes")
    assert (found.state, sentence in found.detail) == (FindingState.ABSENT, True)
    assert result.proposal == ""
