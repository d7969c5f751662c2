"""A backend that our own slow questions block: nothing flickers, and a real silence is noticed."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from exporter.errors import Refused
from exporter.sources.backend.steady import SlowLane, Steady
from tests.exporter.backend_double import BackendDouble, Says
from tests.exporter.exporter_page import watching
from tests.servers.waiting import eventually


class Blocked:
    """A backend whose event loop is free or blocked."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.free.set()
        self.count = 0

    async def ask(self) -> int:
        """One more answer, once the loop is free."""
        await self.free.wait()
        self.count += 1
        return self.count


async def held(lane: SlowLane, until: asyncio.Event) -> None:
    """A slow question that lasts until then."""

    async def wait() -> None:
        await until.wait()

    await lane.ask(wait)()


def in_loop(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous example."""

    async def run() -> None:
        await asyncio.wait_for(test(), 5)

    asyncio.run(run())


def test_while_we_block_the_backend_the_last_answer_stands() -> None:
    async def example() -> None:
        backend, lane, end = Blocked(), SlowLane(at_most=60), asyncio.Event()
        question = Steady(backend.ask, lane)
        assert await question() == 1
        slow = asyncio.create_task(held(lane, end))
        await asyncio.sleep(0)
        backend.free.clear()
        assert [await question(), await question()] == [1, 1]
        backend.free.set()
        end.set()
        await slow
        assert await question() > 1

    in_loop(example)


def test_nothing_is_left_under_way_at_the_end() -> None:
    async def example() -> None:
        before = asyncio.all_tasks()
        backend, lane, end = Blocked(), SlowLane(at_most=60), asyncio.Event()
        question = Steady(backend.ask, lane)
        await question()
        slow = asyncio.create_task(held(lane, end))
        await asyncio.sleep(0)
        backend.free.clear()
        await question()
        end.set()
        await slow
        await question.close()
        assert asyncio.all_tasks() == before

    in_loop(example)


def test_a_backend_that_answers_beside_a_slow_question_is_heard() -> None:
    async def example() -> None:
        backend, lane, end = Blocked(), SlowLane(at_most=60), asyncio.Event()
        question = Steady(backend.ask, lane)
        await question()
        slow = asyncio.create_task(held(lane, end))
        await asyncio.sleep(0)
        assert await question() == 2
        end.set()
        await slow

    in_loop(example)


def test_a_block_that_lasts_longer_than_usual_is_a_silence() -> None:
    async def example() -> None:
        now = [100.0]
        backend, lane, end = Blocked(), SlowLane(at_most=4, clock=lambda: now[0]), asyncio.Event()
        question = Steady(backend.ask, lane)
        await question()
        slow = asyncio.create_task(held(lane, end))
        await asyncio.sleep(0)
        backend.free.clear()
        assert await question() == 1
        now[0] += 5
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await question()
        end.set()
        await slow

    in_loop(example)


def test_a_refusal_beside_a_slow_question_is_told_and_not_forgotten() -> None:
    async def example() -> None:
        lane, end, answers = SlowLane(at_most=60), asyncio.Event(), [1]

        async def ask() -> int:
            if not answers:
                raise Refused("gone")
            return answers.pop()

        question = Steady(ask, lane)
        await question()
        slow = asyncio.create_task(held(lane, end))
        await asyncio.sleep(0)
        with pytest.raises(Refused):
            await question()
        with pytest.raises(Refused):
            await question()
        end.set()
        await slow

    in_loop(example)


def test_the_two_slow_routes_are_never_asked_in_parallel(backend: BackendDouble) -> None:
    under_way, most, lock = [0], [0], threading.Lock()

    def slow() -> Says:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        backend.released.wait(0.05)
        with lock:
            under_way[0] -= 1
        return Says({"status": "ok"})

    backend.answers["/api/monitoring/health"] = slow
    backend.answers["/api/monitoring/workers/status"] = slow
    with watching(backend={"url": backend.url, "slow_period": 0.1}):
        eventually(lambda: backend.asked["/api/monitoring/workers/status"] > 2)
    assert most[0] == 1


def test_silence_of_the_slow_routes_is_seen_and_heals(backend: BackendDouble) -> None:
    backend.says("/metrics", "# TYPE http_requests_total counter\n")
    for route in ("/health", "/workers/status"):
        backend.monitoring(route, {"status": "ok"})
    own = {"url": backend.url, "slow_period": 0.2, "slow_timeout": 1.0}
    with watching(backend=own) as exporter:
        eventually(lambda: exporter.page("api.up").value("ops_backend_wedged") == 0)
        backend.hangs("/api/monitoring/workers/status")
        eventually(lambda: exporter.page("api.up").value("ops_backend_wedged") == 1)
        assert exporter.page("api.up").value("ops_backend_up") == 1
        backend.monitoring("/workers/status", {"status": "ok"})
        eventually(lambda: exporter.page("api.up").value("ops_backend_wedged") == 0)
