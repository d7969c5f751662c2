"""A backend that was away: once it answers again, nothing is held against it that its absence explains."""

import asyncio

import pytest

from exporter.errors import InvalidResponse, RequestFailed, SourceError, SourceTimeout, SourceUnreachable
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.sources.backend.module_status import has_succeeded
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
