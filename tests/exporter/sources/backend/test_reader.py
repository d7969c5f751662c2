"""A page of metrics that is long or slow is neither abandoned again and again nor read by two at once."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

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
