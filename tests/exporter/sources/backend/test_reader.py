"""A page of metrics that is long or slow is neither abandoned again and again nor read by two at once."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from exporter.errors import RequestFailed
from exporter.settings import Settings
from exporter.sources.backend.metrics_page import MetricsParser, SummedSamples
from exporter.sources.backend.source import BackendSource
from tests.exporter.raw_server import RawServer, raw_server, says

PAGE = b"# TYPE http_requests_total counter\nprocess_start_time_seconds 1800000000\n"
BUS = b'{"metrics": {"events_emitted": 1, "events_delivered": 1, "handler_errors": 0}}'


def asking(check: Callable[[RawServer, BackendSource], Coroutine[Any, Any, None]]) -> None:
    """Run the check with a server and what asks it."""

    async def run() -> None:
        async with raw_server() as server, asyncio.timeout(20):
            server.sends["/api/monitoring/events"] = says(200, BUS)
            backend = BackendSource(Settings.model_validate({"backend": {"url": server.url, "token": "t"}}))
            try:
                await check(server, backend)
            finally:
                await backend.close()

    asyncio.run(run())


def test_a_slow_page_is_not_abandoned_for_the_sake_of_others() -> None:
    async def check(server: RawServer, backend: BackendSource) -> None:
        async def slow(writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.8)
            await says(200, PAGE)(writer)

        server.sends["/metrics"] = slow
        for _ in range(4):
            await backend.events.refresh()
            assert backend.events.error is None
            backend.liveness.record_response()  # the ping would say so
        assert server.asked["/api/monitoring/events"] == 4
        assert server.asked["/metrics"] == 1

    asking(check)


def test_a_long_page_whose_reader_has_left_is_read_to_its_end_before_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def check(server: RawServer, backend: BackendSource) -> None:
        server.sends["/metrics"] = says(200, PAGE + 1_000_001 * b"#")
        reading, most, go_on = [0], [0], threading.Event()
        parse = MetricsParser.parse

        def counted(page: MetricsParser, text: str) -> SummedSamples:
            reading[0] += 1
            most[0] = max(most[0], reading[0])
            go_on.wait(10)
            reading[0] -= 1
            return parse(page, text)

        monkeypatch.setattr(MetricsParser, "parse", counted)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await backend._reader.totals()
        go_on.set()
        assert (await backend._reader.totals()).started == 1_800_000_000
        assert most == [1]

    asking(check)


def test_a_page_is_requested_once_the_one_before_it_is_counted() -> None:
    async def check(server: RawServer, backend: BackendSource) -> None:
        open_requests, most = [0], [0]

        async def slow(writer: asyncio.StreamWriter) -> None:
            open_requests[0] += 1
            most[0] = max(most[0], open_requests[0])
            await asyncio.sleep(0.1)
            open_requests[0] -= 1
            await says(200, PAGE)(writer)

        server.sends["/metrics"] = slow
        await asyncio.gather(backend._reader.totals(), backend._reader.events(), backend._reader.totals())
        assert most == [1]

    asking(check)


def test_each_route_is_read_for_what_it_reports() -> None:
    async def check(server: RawServer, backend: BackendSource) -> None:
        reports = {
            "/api/monitoring/workers/status": b'{"status": "healthy", "workers": {"worker_count": 3}}',
            "/api/monitoring/health": b'{"status": "degraded"}',
            "/api/monitoring/health/ml": b'{"status": "healthy"}',
            "/api/monitoring/model-health": b'{"model": {"available": true}}',
            "/api/monitoring/events/history?limit=5": b'{"events": [{"timestamp": 50}]}',
            "/api/monitoring/cache/stats": b'{"cache_stats": {"hits": 4}}',
            "/api/monitoring/performance": b'{"metrics": {"slow_query_count": 2}}',
            "/api/monitoring/health/module/search": b'{"health": {"status": "unhealthy"}}',
            "/metrics": PAGE,
        }
        server.sends |= {path: says(200, body) for path, body in reports.items()}
        reader = backend._reader
        assert ((await reader.workers()).count, (await reader.health()).status) == (3, "degraded")
        assert ((await reader.ml()).status, (await reader.model()).available) == ("healthy", True)
        assert (await reader.history(), (await reader.cache()).hits) == (50, 4)
        assert (await reader.performance()).slow_queries == 2
        assert await reader.module("search")() == "down"
        assert (await reader.document("/api/monitoring/health")()).text("status") == "degraded"
        assert (await reader.by_route()).counters == {}
        for days in (1, 7, 30):
            path = f"/api/monitoring/user-engagement?time_window_days={days}"
            server.sends[path] = says(200, b'{"days": %d}' % days)
        found = {window: it.number("days") for window, it in (await reader.engagement()).items()}
        assert found == {"1d": 1, "7d": 7, "30d": 30}

    asking(check)


@pytest.mark.parametrize(("status", "is_report"), [(200, True), (503, True), (500, False), (404, False)])
def test_ingestion_that_is_unavailable_reports_so(status: int, is_report: bool) -> None:
    async def check(server: RawServer, backend: BackendSource) -> None:
        server.sends["/api/v1/ingestion/health"] = says(status, b"[]")
        if is_report:
            assert (await backend._reader.ingestion_health()).status == status
            return
        with pytest.raises(RequestFailed, match="expected 200 or 503") as failed:
            await backend._reader.ingestion_health()
        assert failed.value.status == status

    asking(check)


def test_the_page_is_read_for_the_start_of_processes_once_in_a_while() -> None:
    async def check(server: RawServer, backend: BackendSource) -> None:
        server.sends["/metrics"] = says(200, PAGE)
        reader = backend._reader
        for _ in range(3):
            await reader.events()
        assert server.asked["/metrics"] == 1
        reader._totals_read_at -= 6.0
        await reader.events()
        assert server.asked["/metrics"] == 2

    asking(check)


def test_a_newer_process_is_told_of() -> None:
    async def check(server: RawServer, backend: BackendSource) -> None:
        seen = list[tuple[float | None, bool]]()
        backend._reader.on_totals = lambda totals, is_another: seen.append((totals.started, is_another))
        for started in (1000, 1000, 2000):
            page = f"# TYPE x counter\nprocess_start_time_seconds {started}\n".encode()
            server.sends["/metrics"] = says(200, page)
            assert (await backend._reader.totals()).started == started
        assert seen == [(1000, False), (1000, False), (2000, True)]

    asking(check)
