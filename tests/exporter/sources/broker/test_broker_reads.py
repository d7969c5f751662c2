"""What the source of the broker makes of its reads, one by one."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr
from redis import Redis

from exporter.errors import NotConfigured, RequestFailed
from exporter.settings_queues import CelerySettings
from exporter.settings_stores import RedisSettings
from exporter.sources.broker.snapshot import BrokerSnapshot, QueueSnapshot
from exporter.sources.broker.source import BrokerSource
from tests.exporter.worker_events import event, heartbeat, wrapped
from tests.servers.redis_server import RedisServer

T = TypeVar("T")


def looking(
    server: RedisServer,
    look: Callable[[BrokerSource], Awaitable[T]],
    cache: str | None = None,
    **settings: Any,
) -> T:
    """What a source sees that is not opened."""
    found = CelerySettings(broker_url=SecretStr(server.url), fast_period=0.01, **settings)

    async def run() -> T:
        source = BrokerSource(found, RedisSettings(url=None if cache is None else SecretStr(cache)))
        try:
            return await look(source)
        finally:
            await asyncio.gather(*(poller.close() for poller in source.pollers()))
            await source.close()

    return asyncio.run(run())


def test_a_queue_is_empty_or_as_old_as_its_oldest_message(redis: Redis, redis_server: RedisServer) -> None:
    redis.rpush("batch", "x", "y")

    async def look(source: BrokerSource) -> list[QueueSnapshot]:
        await source.lengths.get()
        await source.ages.refresh()
        return [*await source.queues()]

    urgent, batch = looking(redis_server, look, queues=("urgent", "batch"))
    assert urgent == QueueSnapshot("urgent", 0, 0.0, None)
    assert (batch.name, batch.length, batch.consumers) == ("batch", 2, None)
    assert batch.oldest_age is not None
    assert 0 <= batch.oldest_age < 5


def test_the_rest_of_the_queues_has_no_age(redis: Redis, redis_server: RedisServer) -> None:
    for name in ("a", "b"):
        redis.sadd(f"_kombu.binding.{name}", f"{name}\x06\x16\x06\x16{name}")
        redis.rpush(name, "x")

    async def look(source: BrokerSource) -> list[QueueSnapshot]:
        await source.bindings.get()
        return [*await source.queues()]

    found = {queue.name: queue for queue in looking(redis_server, look, queues=(), found_queues=1)}
    assert found["other"] == QueueSnapshot("other", 1, None, None)


def test_a_separator_that_is_found_is_used_and_told_once(
    redis: Redis, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis.sadd("_kombu.binding.a", "a||a")
    caplog.set_level(logging.WARNING)

    async def look(source: BrokerSource) -> str:
        for _ in range(2):
            await source.bindings.refresh()
        return source.keys.separator

    assert looking(redis_server, look) == "|"
    assert len([text for text in caplog.messages if "the exporter uses '|'" in text]) == 1


def test_workers_are_not_inspected_where_no_separator_is_known(
    redis: Redis, redis_server: RedisServer
) -> None:
    redis.sadd("_kombu.binding.a", "nothing")

    async def look(source: BrokerSource) -> None:
        with pytest.raises(RequestFailed, match="while the broker's separator is unknown"):
            await source.inspection.get()

    looking(redis_server, look)


def test_a_receiver_that_does_not_listen_is_not_connected(redis_server: RedisServer) -> None:
    async def look(source: BrokerSource) -> None:
        assert not source.is_listening()
        with pytest.raises(RequestFailed, match="expected an open subscription"):
            source.connected_receiver()
        assert source.receiver is not None
        source.receiver.failure_reason = "broker cannot be reached"
        with pytest.raises(RequestFailed, match=r"^broker cannot be reached$"):
            source.connected_receiver()

    looking(redis_server, look)
    with pytest.raises(NotConfigured):
        BrokerSource(CelerySettings()).connected_receiver()


def test_before_events_arrive_their_part_is_unknown(redis: Redis, redis_server: RedisServer) -> None:
    redis.hset("unacked", "1", "message")
    found = looking(redis_server, lambda source: source.snapshot(), queues=("urgent",), failure_window=60.0)
    assert found.is_responding
    assert not found.is_listening
    assert (found.workers_alive, found.finished, found.failed, found.unacked) == (None, None, None, 1)
    assert (found.last_task_event_at, found.window, found.stalled) == (None, 60.0, ())
    assert [queue.name for queue in found.queues or ()] == ["urgent"]


def test_queues_that_events_name_are_read(redis: Redis, redis_server: RedisServer) -> None:
    async def look(source: BrokerSource) -> tuple[str, ...]:
        assert source.receiver is not None
        source.receiver.tasks.queues["named"] = None
        await source.lengths.get()
        return source.known_queues()

    assert looking(redis_server, look, queues=("urgent",)) == ("urgent", "named")


@pytest.mark.parametrize(("other", "on_cache"), [(True, True), (False, False)])
def test_a_broker_on_the_server_of_the_cache_tells_of_itself_there(
    redis_server: RedisServer, other: bool, on_cache: bool
) -> None:
    async def look(source: BrokerSource) -> tuple[bool, bool]:
        return source.is_on_cache, source.server.info.configured

    cache = redis_server.database(5) if other else "redis://127.0.0.1:1"
    assert looking(redis_server, look, cache) == (on_cache, not on_cache)


def test_what_the_server_refuses_is_told_by_each_client(redis: Redis, redis_server: RedisServer) -> None:
    redis.acl_setuser("blind", enabled=True, passwords=["+pw"], commands=["+ping"], keys=["*"], reset=True)

    async def look(source: BrokerSource) -> tuple[str, ...]:
        await source.unacked.refresh()
        await source.results.refresh()
        return source.permission_errors

    url = SecretStr(redis_server.url.replace("redis://", "redis://blind:pw@"))

    async def run() -> tuple[str, ...]:
        source = BrokerSource(CelerySettings(broker_url=url, results_url=url))
        try:
            return await look(source)
        finally:
            await source.close()

    try:
        found = asyncio.run(run())
    finally:
        redis.acl_deluser("blind")
    assert {text.partition(" does")[0] for text in found} == {"broker", "result backend"}


def test_a_queue_that_has_grown_is_read_again_soon(redis: Redis, redis_server: RedisServer) -> None:
    found = CelerySettings(broker_url=SecretStr(redis_server.url), queues=("urgent",), fast_period=60.0)

    async def run() -> list[float]:
        source, seen = BrokerSource(found), []
        for _ in range(2):
            await source.lengths.refresh()
            seen.append(source.lengths.seconds_to_refresh())
            redis.rpush("urgent", "x")
        await source.lengths.refresh()
        seen.append(source.lengths.seconds_to_refresh())
        await source.close()
        return seen

    empty, *grown = asyncio.run(run())
    assert empty == float("inf")
    assert all(0 < seconds <= 0.25 for seconds in grown)


@pytest.mark.parametrize(("held", "stalled"), [(0, ()), (1, ("one@here",))])
def test_a_worker_that_holds_no_message_is_not_stalled(
    redis: Redis, redis_server: RedisServer, held: int, stalled: tuple[str, ...]
) -> None:
    if held:
        redis.hset("unacked", "1", "message")

    async def look(source: BrokerSource) -> BrokerSnapshot:
        it, now = source.receiver, time.time()
        assert it is not None
        it._mark_heard(now)
        it._listening_since = now - 90
        it.process(wrapped(heartbeat()).encode(), now - 40)
        it.process(wrapped(event("task-received", uuid="1", name="a")).encode(), now - 40)
        it.process(wrapped(heartbeat()).encode(), now)
        return await source.snapshot()

    found = looking(redis_server, look, stalled_after=30.0)
    assert (found.stalled, found.workers_alive, found.unacked) == (stalled, 1, held)
