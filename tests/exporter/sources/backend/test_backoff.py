"""A backend that its proxy had lost is looked at again as soon as it is found, all of it."""

import asyncio

from exporter.settings import Settings
from exporter.sources.backend.poll_policies import MIN_BLOCK_GAP
from exporter.sources.backend.source import BackendSource
from tests.exporter.raw_server import raw_server, says

PAGE = b"# TYPE http_requests_total counter\nprocess_start_time_seconds 1800000000\n"
BUS = b'{"metrics": {"events_emitted": 1, "events_delivered": 1, "handler_errors": 0}}'


def test_routes_that_a_proxy_did_not_know_for_a_while_are_no_absent_ones() -> None:
    async def run() -> None:
        async with raw_server() as server, asyncio.timeout(20):
            backend = BackendSource(Settings.model_validate({"backend": {"url": server.url, "token": "t"}}))
            server.sends = {"/metrics": says(200, PAGE), "/api/monitoring/events": says(200, BUS)}
            await backend.totals.refresh()
            known, server.sends = server.sends, {}
            for question in (backend.totals, backend.events):
                await question.refresh()
            assert backend.events.absent
            server.sends = known
            await backend.totals.refresh()
            assert not backend.events.absent
            assert backend.events.next_due() <= backend.events._clock()
            await backend.close()

    asyncio.run(run())


def test_a_blocking_report_that_never_comes_is_asked_for_ever_more_seldom() -> None:
    async def run() -> None:
        async with raw_server() as server, asyncio.timeout(20):
            own = {"url": server.url, "token": "t"}
            backend = BackendSource(Settings.model_validate({"backend": own}))
            backend.limiter.block_gap = 0.0  # which spaces them besides, whatever they answer
            server.otherwise = says(500)
            rests = []
            for _ in range(8):
                await backend.health.refresh()
                backend.liveness._settling = False  # the ping would have seen to it
                backend.health.request_refresh()
                rests.append(round((backend.health.next_due() - backend.health._clock()) / MIN_BLOCK_GAP))
            assert rests == [2, 4, 8, 16, 30, 30, 30, 30]
            await backend.close()

    asyncio.run(run())
