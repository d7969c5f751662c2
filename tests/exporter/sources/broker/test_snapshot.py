"""The facts on workers that others judge reports by."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from pydantic import SecretStr

from exporter.errors import NotConfigured
from exporter.settings_queues import CelerySettings
from exporter.sources.broker.snapshot import BrokerSnapshot, QueueSnapshot
from exporter.sources.broker.source import BrokerSource
from tests.exporter.worker_events import heartbeat, life, tell
from tests.servers.redis_server import RedisServer

T = TypeVar("T")


def watch(server: RedisServer, look: Callable[[BrokerSource], Awaitable[T]]) -> T:
    """What `look` sees of a broker that is listened to."""

    async def run() -> T:
        broker = BrokerSource(
            CelerySettings(broker_url=SecretStr(server.url), fast_period=0.01, worker_timeout=1.0)
        )
        broker.open()
        try:
            async with asyncio.timeout(8):
                while not broker.is_listening():  # noqa: ASYNC110  (a thread tells, no event does)
                    await asyncio.sleep(0.01)
                return await look(broker)
        finally:
            await broker.close()

    return asyncio.run(run())


async def observed(broker: BrokerSource, until: Callable[[BrokerSnapshot], bool]) -> BrokerSnapshot:
    """The first view of which this is true."""
    while not until(view := await broker.snapshot()):  # noqa: ASYNC110  (a server changes, no event tells)
        await asyncio.sleep(0.02)
    return view


def test_failing_tasks_show_as_a_share_of_those_that_finished(redis_server: RedisServer) -> None:
    redis_server.flush()

    async def look(broker: BrokerSource) -> BrokerSnapshot:
        with redis_server.client() as redis:
            bad = [e for _ in range(3) for e in life(ends="task-failed", exception="ValueError()")]
            tell(redis, [heartbeat(), *life(), *bad], batch=24)
        return await observed(broker, lambda view: view.finished == 4)

    view = watch(redis_server, look)
    assert view.failure_ratio == 0.75
    assert view.workers_alive == 1
    assert view.is_listening
    assert view.is_responding
    assert view.last_task_event_at is not None


def test_queues_nobody_takes_from_are_named(redis_server: RedisServer) -> None:
    redis_server.flush()

    async def look(broker: BrokerSource) -> BrokerSnapshot:
        with redis_server.client() as redis:
            redis.lpush("celery", '{"body": "", "headers": {"published_at": "2001-01-01T00:00:00"}}')
        return await observed(broker, lambda view: view.unconsumed_queues == ("celery",))

    view = watch(redis_server, look)
    assert view.workers_alive == 0
    assert view.finished == 0
    assert view.failure_ratio is None
    assert view.stuck_queues(3600) == ()


def test_a_broker_that_is_gone_leaves_everything_unknown(own_redis_server: RedisServer) -> None:
    async def look(broker: BrokerSource) -> BrokerSnapshot:
        await asyncio.to_thread(own_redis_server.kill)
        return await observed(broker, lambda view: not view.is_responding and not view.is_listening)

    view = watch(own_redis_server, look)
    assert view.queues is None
    assert view.workers_alive is None
    assert view.finished is None
    assert view.unacked is None
    assert view.unconsumed_queues == ()


def test_without_a_broker_there_is_no_view() -> None:
    with pytest.raises(NotConfigured):
        asyncio.run(BrokerSource(CelerySettings()).snapshot())


@pytest.mark.parametrize(
    ("length", "age", "consumers", "unconsumed", "stuck"),
    [
        (0, 0.0, 0, False, False),
        (0, 99.0, 0, False, False),
        (5, 30.0, 1, False, False),
        (5, 99.0, 0, True, True),
        (5, 99.0, None, None, True),
        (5, 3.0, 1, False, False),
        (5, None, 1, False, False),
    ],
)
def test_a_queue_is_judged_by_what_is_known(
    length: int, age: float | None, consumers: int | None, unconsumed: bool | None, stuck: bool
) -> None:
    queue = QueueSnapshot("urgent", length, age, consumers)
    assert queue.is_unconsumed is unconsumed
    assert queue.is_stuck(30) is stuck
