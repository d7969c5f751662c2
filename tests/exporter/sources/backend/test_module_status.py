"""A backend that was away: once it answers again, nothing is held against it that its absence explains."""

import asyncio
import json

import pytest

from exporter.errors import InvalidResponse, RequestFailed, SourceError, SourceTimeout, SourceUnreachable
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.sources.backend.module_status import database_status, has_succeeded, probe_status
from exporter.sources.http_response import HttpResponse
from tests.exporter.backend_double import BackendDouble, backend_double
from tests.exporter.collectors.test_responses import ANSWERS
from tests.exporter.exporter_page import Watched, watching
from tests.exporter.replay import replay
from tests.servers.ports import free_port
from tests.servers.waiting import eventually

SELDOM = "/api/monitoring/recommendation-quality"
WELL = {"status": "success", "metrics": {}}


def observed(exporter: Watched) -> str | None:
    """The module as it is seen now."""
    return exporter.page("modules").state("ops_module_observed_status", module="monitoring")


def test_the_module_that_is_asked_most_is_not_degraded_after_an_outage() -> None:
    port = free_port()
    with watching(backend={"url": f"http://127.0.0.1:{port}"}) as exporter:
        # every question is put once and finds nobody
        exporter.page()
        assert observed(exporter) == "down"
        with backend_double(port) as backend:
            replay(backend, ANSWERS / "ordinary")
            for route in ("/user-engagement", "/recommendation-quality"):
                backend.monitoring(route, WELL)
            seen = seen_until_asked(exporter, backend)
    assert "healthy" in seen
    assert "degraded" not in seen


def seen_until_asked(exporter: Watched, backend: BackendDouble) -> set[str | None]:
    """How the module was seen until the question that is put most seldom was put again."""
    seen: set[str | None] = set()

    def asked() -> bool:
        seen.add(observed(exporter))
        return backend.asked[SELDOM] > 0 and "healthy" in seen

    eventually(asked, within=10.0)
    return seen


@pytest.mark.parametrize(
    ("error", "absent_at", "works"),
    [
        (None, 0.0, True),
        (InvalidResponse("nonsense"), 999.0, False),
        (SourceTimeout("silence"), 999.0, False),
        (SourceTimeout("silence while all was silent"), 1000.0, None),
        (RequestFailed("an error", 500), 999.0, False),
        (RequestFailed("no token", 401), 999.0, None),
        (SourceUnreachable("nobody there, and no scrape saw it"), 0.0, None),
    ],
)
def test_failures_count_that_came_while_the_backend_was_there(
    error: SourceError | None, absent_at: float, works: bool | None
) -> None:
    async def ask() -> None:
        if error is not None:
            raise error

    question = Poller("a route", ask, PollPolicy(), lambda: 1000.0)
    assert has_succeeded(question, absent_at) is None
    asyncio.run(question.refresh())
    assert has_succeeded(question, absent_at) is works


def answered(body: object, status: int = 200, seconds: float = 0.1) -> HttpResponse:
    """A response of a health route."""
    return HttpResponse(status, json.dumps(body).encode(), seconds, "")


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (answered({"status": "healthy"}), "healthy"),
        (answered({"status": "healthy"}, seconds=0.5), "healthy"),
        (answered({"status": "healthy"}, seconds=0.6), "degraded"),
        (answered({"status": "unhealthy"}, seconds=0.6), "down"),
        (answered({"status": "teapot"}, seconds=0.6), "unknown"),
        (answered({"status": "healthy"}, 201), "unknown"),
        (answered({"status": "healthy"}, 499), "unknown"),
        (answered({"status": "healthy"}, 500), "down"),
        (answered({"detail": "no"}, 503), "down"),
        *((answered({"status": "unhealthy"}, status), "unknown") for status in (401, 403, 404, 405)),
        (answered([{"status": "healthy"}, 503]), "down"),
        (answered([{"status": "healthy"}, 500]), "down"),
        (answered([{"status": "healthy"}, 499]), "healthy"),
        (answered([{"status": "degraded"}]), "degraded"),
        (answered({"status": "healthy", "database": False}), "down"),
        (answered({"status": "healthy", "database": {"healthy": False}}), "down"),
        (answered({"status": "degraded", "database": True}), "degraded"),
        (answered({"status": "healthy", "database": "no"}), "healthy"),
        (answered({"status": "teapot", "database": False}), "unknown"),
        (answered("healthy"), "unknown"),
        (answered([]), "unknown"),
        (HttpResponse(200, b"<html>", 0.1, ""), "unknown"),
        (HttpResponse(200, b"[" * 100_000, 0.1, ""), "unknown"),
    ],
)
def test_what_a_health_route_says_of_its_module(response: HttpResponse, status: str) -> None:
    assert probe_status(response, slow=0.5) == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"database": True}, "healthy"),
        ({"database": {"healthy": False}}, "down"),
        ([{"database": {"healthy": True}}, 503], "healthy"),
        ({"database": {}}, "unknown"),
        ({"status": "healthy"}, "unknown"),
        ([503, {"database": True}], "unknown"),
    ],
)
def test_what_a_health_route_says_of_the_database(body: object, status: str) -> None:
    assert database_status(json.dumps(body).encode()) == status
