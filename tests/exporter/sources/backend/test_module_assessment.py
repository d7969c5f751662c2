"""Each module as reported and as observed: by its health route, by its requests, by our own polls."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from exporter.errors import RequestFailed, SourceTimeout
from exporter.settings import Settings
from exporter.sources.backend.module_status import ModuleStatus, ModuleStatuses
from exporter.sources.backend.source import BackendSource
from tests.exporter.raw_server import RawServer, raw_server, says

MODULES = [{"name": "search", "health": "/search/health"}, {"name": "graph"}, {"name": "monitoring"}]
HEALTH = "/api/monitoring/health/module/"


class Backend:
    """A backend that responds as a test says, and its modules."""

    def __init__(self, server: RawServer) -> None:
        self.server, self.now = server, 1000.0
        own = {"url": server.url, "token": "t", "timeout": 5.0}
        patient = {"degraded_seconds": 60}  # a busy machine is no slow backend
        settings = Settings.model_validate({"backend": own, "modules": MODULES, "judgement": patient})
        self.source = BackendSource(settings)
        self.source.limiter.on_block = lambda _: None
        self.source.liveness.record_ping_response(0.0, 0.01)
        self._statuses = ModuleStatuses(settings, self.source, lambda: self.now)
        self.responds("/metrics", "# TYPE x counter")

    def responds(self, path: str, body: Any, status: int = 200) -> None:
        """Respond so from now on."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.server.sends[path] = says(status, text.encode())

    async def probe(self, status: str, **more: Any) -> ModuleStatus:
        """The module search after a response of its health route."""
        self.responds("/search/health", {"status": status, **more})
        await self.source.probes["search"].refresh()
        return await self.module("search")

    async def module(self, name: str) -> ModuleStatus:
        """One module as it is now."""
        modules = await self._statuses.assess()
        assert [it.name for it in modules] == ["search", "graph", "monitoring"]
        return next(it for it in modules if it.name == name)


def watched(check: Callable[[Backend], Awaitable[None]]) -> None:
    """Run the check with a backend of its own."""

    async def run() -> None:
        async with raw_server() as server, asyncio.timeout(20):
            backend = Backend(server)
            await check(backend)
            await backend.source.close()

    asyncio.run(run())


def test_a_module_is_as_its_health_route_says_whatever_is_reported() -> None:
    async def check(backend: Backend) -> None:
        backend.responds(f"{HEALTH}search", {"health": {"status": "unhealthy"}})
        search = await backend.probe("healthy")
        assert (search.reported, search.observed, search.status) == ("down", "healthy", "healthy")
        assert 0 < (search.probe_seconds or 0) < 5
        assert search.observed_at == backend.now
        assert search.reported_at is not None
        assert backend.server.asked["/metrics"] == 1

    watched(check)


def test_a_module_without_a_health_route_is_as_reported_where_that_is_trouble() -> None:
    async def check(backend: Backend) -> None:
        backend.responds(f"{HEALTH}graph", {"health": {"status": "degraded"}})
        graph = await backend.module("graph")
        assert (graph.reported, graph.observed, graph.status) == ("degraded", "unknown", "degraded")
        assert (graph.probe_seconds, graph.observed_at) == (None, None)

    watched(check)


def test_a_module_is_down_after_two_bad_responses_in_a_row() -> None:
    async def check(backend: Backend) -> None:
        seen = [(await backend.probe(it)).observed for it in ("unhealthy", "unhealthy", "healthy")]
        assert seen == ["unknown", "down", "healthy"]
        assert (await backend.probe("unhealthy")).observed == "healthy"
        assert backend.source.probes["search"].interval() == 0.25, "it is looked at again soon"
        assert (await backend.module("search")).observed == "healthy", "it is the same response still"
        assert (await backend.probe("unhealthy")).observed == "down"
        assert (await backend.probe("degraded")).observed == "degraded"

    watched(check)


@pytest.mark.parametrize(
    ("says_of_database", "without_database", "with_full_pool"),
    [({"database": True}, "down", "degraded"), ({}, "unknown", "unknown")],
)
def test_a_health_route_that_is_not_requested_is_judged_by_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
    says_of_database: dict[str, bool],
    without_database: str,
    with_full_pool: str,
) -> None:
    async def check(backend: Backend) -> None:
        monkeypatch.setattr(backend.source, "is_pool_full", lambda: True)
        assert (await backend.module("search")).observed == "unknown", "it never responded"
        monkeypatch.undo()
        assert (await backend.probe("healthy", **says_of_database)).observed == "healthy"
        monkeypatch.setattr(backend.source, "is_pool_full", lambda: True)
        assert (await backend.module("search")).observed == with_full_pool
        backend.source.is_database_up = lambda: False
        assert (await backend.module("search")).observed == without_database

    watched(check)


def test_a_module_is_degraded_of_which_the_health_route_alone_is_silent() -> None:
    async def check(backend: Backend) -> None:
        probe = backend.source.probes["search"]
        probe.record_failure(SourceTimeout("silent"))
        search = await backend.module("search")
        assert (search.observed, search.probe_seconds) == ("degraded", None)
        assert (search.reported, search.status) == ("unknown", "degraded")
        probe.record_failure(RequestFailed("no", 404))
        assert (await backend.module("search")).observed == "unknown"

    watched(check)


def test_before_its_first_response_a_health_route_is_unknown_whatever_the_database_is() -> None:
    async def check(backend: Backend) -> None:
        backend.source.is_database_up = lambda: False
        assert (await backend.module("search")).observed == "unknown"
        assert backend.server.asked["/search/health"] == 0
        probe = backend.source.probes["search"]
        await probe.refresh()
        assert probe.deferred is not None
        assert (backend.server.asked["/search/health"], probe.deferred.retry_in) == (0, 1.0)

    watched(check)


@pytest.mark.parametrize(
    ("happens", "observed"), [("record_ping_refused", "down"), ("record_ping_misconfigured", "unknown")]
)
def test_a_backend_that_is_away_makes_its_modules_down_and_its_reports_stale(
    happens: str, observed: str
) -> None:
    async def check(backend: Backend) -> None:
        backend.responds(f"{HEALTH}search", {"health": {"status": "healthy"}})
        assert (await backend.probe("healthy")).reported == "healthy"
        backend.now += 60.0
        getattr(backend.source.liveness, happens)()
        search = await backend.module("search")
        assert (search.reported, search.observed, search.probe_seconds) == ("unknown", observed, None)
        assert search.observed_at == (backend.now if observed == "down" else backend.now - 60.0)
        assert (await backend.module("monitoring")).observed == observed

    watched(check)


def test_a_health_route_that_fails_has_no_duration() -> None:
    async def check(backend: Backend) -> None:
        assert (await backend.probe("teapot")).probe_seconds is None
        assert (await backend.probe("healthy")).probe_seconds is not None
        del backend.server.sends["/search/health"]
        await backend.source.probes["search"].refresh()
        assert (await backend.module("search")).probe_seconds is None

    watched(check)


def test_the_monitoring_module_is_as_our_polls_of_its_routes_find_it() -> None:
    async def check(backend: Backend) -> None:
        source, seen = backend.source, []
        for name in ("search", "graph", "monitoring"):
            backend.responds(f"{HEALTH}{name}", {"health": {"status": "healthy"}})
        seen.append((await backend.module("monitoring")).observed)
        # it never worked, so this version may lack it
        backend.responds("/api/monitoring/db/pool", {"detail": "no"}, 500)
        await source.pool.refresh()
        seen.append((await backend.module("monitoring")).observed)
        source.pool.retry_soon()
        backend.responds("/api/monitoring/db/pool", {"pool": {}})
        await source.pool.refresh()
        backend.responds("/api/monitoring/db/pool", {"detail": "no"}, 500)
        await source.pool.refresh()
        seen.append((await backend.module("monitoring")).observed)
        for name in ("search", "graph", "monitoring"):
            backend.responds(f"{HEALTH}{name}", {"detail": "no"}, 500)
            await source.reported[name].refresh()
        seen.append((await backend.module("monitoring")).observed)
        assert seen == ["healthy", "healthy", "degraded", "down"]

    watched(check)
