"""The check of our own parts: Prometheus with the recorded signals, and the ingestion service."""

import asyncio
from typing import Any

import pytest

from exporter.check import run
from exporter.check.finding import FindingState, ReportSection
from exporter.settings import Settings
from tests.exporter.backend_double import BackendDouble
from tests.exporter.service_answers import BELOW, service_says

QUERY = "/api/v1/query"


def checked(name: str, **given: Any) -> ReportSection:
    """The section of this name."""
    settings = Settings.model_validate({"backend": {"url": "http://127.0.0.1:1"}, **given})
    result = asyncio.run(run.run_check(settings))
    return next(it for it in result.sections if it.name == name)


def vector(*signals: str) -> dict[str, Any]:
    """What Prometheus answers to a query."""
    rows = [{"metric": {"signal": signal}, "value": [1, "2"]} for signal in signals]
    return {"status": "success", "data": {"resultType": "vector", "result": rows}}


@pytest.mark.parametrize(
    ("answer", "status", "state", "detail"),
    [
        (vector("a", "b"), 200, FindingState.SEEN, "2 series"),
        (vector(), 200, FindingState.ABSENT, "no series: the rules"),
        ({}, 500, FindingState.HIDDEN, "returned 500"),
        ("<html>", 200, FindingState.HIDDEN, "not JSON"),
    ],
)
def test_prometheus_has_the_signals_or_says_why_not(
    backend: BackendDouble, answer: Any, status: int, state: FindingState, detail: str
) -> None:
    backend.says(QUERY, answer, status)
    [found] = checked("prometheus", anomalies={"prometheus_url": backend.url}).findings
    assert (found.state, detail in found.detail) == (state, True), found


def test_the_service_is_seen_by_its_routes(backend: BackendDouble) -> None:
    service_says(backend)
    found = checked("service", service={"url": f"{backend.url}{BELOW}"})
    assert (found.hidden, len(found.polls)) == (0, 5)
    found = checked("service", service={"url": f"{backend.url}/nowhere"})
    assert found.hidden > 0


def test_a_service_that_is_away_names_the_setting(backend: BackendDouble) -> None:
    found = checked("service", service={"url": "http://127.0.0.1:1"})
    assert all("SERVICE_URL" in it.advice for it in found.findings)


def test_what_is_not_configured_names_the_setting_that_adds_it() -> None:
    settings = Settings.model_validate({"backend": {"url": "http://127.0.0.1:1"}})
    result = asyncio.run(run.run_check(settings))
    named = {it.findings[0].what for it in result.sections[2:]}
    assert named == {
        "DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "INGESTION_REDIS_URL",
        "PROMETHEUS_URL", "SERVICE_URL",
    }  # fmt: skip
    assert all(it.findings[0].state is FindingState.NOT_SET for it in result.sections[2:])
