"""The ingestion's keys as they are read from a real Redis, poll by poll."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from pydantic import SecretStr
from redis import Redis

from exporter.settings_queues import CelerySettings, IngestionSettings
from exporter.sources.ingestion.models import IngestionQueue, IngestionQueues
from exporter.sources.ingestion.source import MAX_JOBS, IngestionSource
from tests.servers.redis_server import RedisServer

T = TypeVar("T")


def asked(
    server: RedisServer,
    look: Callable[[IngestionSource], Awaitable[T]],
    own: bool = True,
    period: float = 0.01,
) -> T:
    """What a source sees that has the server of its own settings, or that of the broker."""
    url = SecretStr(server.url)
    settings = IngestionSettings(url=url if own else None, fast_period=0.01, period=period, capacity=4)

    async def run() -> T:
        source = IngestionSource(settings, CelerySettings(broker_url=url))
        try:
            return await look(source)
        finally:
            await asyncio.gather(*(poller.close() for poller in source.pollers()))
            await source.close()

    return asyncio.run(run())


async def queues(source: IngestionSource) -> IngestionQueues:
    """The queues as they are now."""
    await source.queues.refresh()
    return await source.queues.get()


def item(at: float) -> str:
    """An item that was queued at this time."""
    return json.dumps({"queued_at": at})


def test_an_empty_server_of_ones_own_holds_the_first_layout(redis: Redis, redis_server: RedisServer) -> None:
    found = asked(redis_server, queues)
    assert found == IngestionQueues((IngestionQueue("ingest_queue", 0, 4, None),), None)


def test_an_empty_broker_holds_no_queue_of_the_ingestion(redis: Redis, redis_server: RedisServer) -> None:
    async def look(source: IngestionSource) -> tuple[bool, IngestionQueues]:
        found = await queues(source)
        return source.is_present, found

    assert asked(redis_server, look, own=False) == (False, IngestionQueues((), None))


def test_a_layout_that_was_seen_once_is_empty_and_not_absent(redis: Redis, redis_server: RedisServer) -> None:
    async def look(source: IngestionSource) -> list[IngestionQueues]:
        redis.rpush("pharos:tasks", item(30), item(20))
        redis.rpush("pharos:dlq", "x", "y")
        first = await queues(source)
        redis.flushdb()
        await asyncio.sleep(0.02)
        return [first, await queues(source)]

    first, second = asked(redis_server, look, own=False)
    names = ("ingest_queue", "pharos:tasks", "pharos_extraction_jobs")
    assert [queue.name for queue in first.queues] == [queue.name for queue in second.queues] == [*names]
    assert [queue.length for queue in first.queues] == [0, 2, 0]
    assert [queue.oldest for queue in first.queues] == [None, 20.0, None]
    assert [queue.capacity for queue in first.queues] == [4, 4, None]
    assert [queue.length for queue in second.queues] == [0, 0, 0]
    assert (first.dead_letters, second.dead_letters) == (2.0, 0.0)


def test_the_oldest_items_are_read_once_a_period(redis: Redis, redis_server: RedisServer) -> None:
    async def look(source: IngestionSource) -> list[float | None]:
        seen = []
        for at in (30, 20, 10):
            redis.rpush("ingest_queue", item(at))
            if at == 10:
                redis.rpush("pharos:tasks", item(5))  # other lists are filled now
            await asyncio.sleep(0.02)
            seen.append((await queues(source)).queues[0].oldest)
        return seen

    assert asked(redis_server, look, period=60.0) == [30.0, 30.0, 10.0]


def test_a_key_of_another_type_is_no_queue(redis: Redis, redis_server: RedisServer) -> None:
    redis.set("ingest_queue", "text")
    redis.set("pharos:dlq", "text")
    found = asked(redis_server, queues)
    assert [queue.name for queue in found.queues] == ["pharos:tasks", "pharos_extraction_jobs"]
    assert found.dead_letters is None


def test_a_worker_that_reported_once_stays_known(redis: Redis, redis_server: RedisServer) -> None:
    async def look(source: IngestionSource) -> list[object]:
        seen: list[object] = []
        for state in ("idle", None):
            if state is None:
                redis.delete("pharos:worker:last_seen")
            else:
                redis.mset({"worker_status": state, "pharos:worker:last_seen": "100.5"})
            await source.worker.refresh()
            seen.append((await source.worker.get()).last_seen)
        return seen

    assert asked(redis_server, look) == [100.5, 100.5]


@pytest.mark.parametrize(("size", "jobs"), [(0, 0), (3, 3), (MAX_JOBS, MAX_JOBS), (MAX_JOBS + 1, 0)])
def test_a_hash_with_too_many_jobs_is_not_read(
    redis: Redis, redis_server: RedisServer, size: int, jobs: int
) -> None:
    if size:
        redis.hset("pharos:jobs", mapping={str(number): '{"status": "failed"}' for number in range(size)})
    found = asked(redis_server, lambda source: source.jobs.get())
    assert len(found) == jobs
    assert {job.state for job in found} == ({"failed"} if jobs else set())


def test_a_history_is_read_up_to_a_hundred_entries_and_not_where_it_is_too_large(
    redis: Redis, redis_server: RedisServer
) -> None:
    redis.rpush("job_history", *(json.dumps({"status": "failed", "id": number}) for number in range(120)))
    redis.rpush("pharos:history", "x" * 5_100_000)
    found = asked(redis_server, lambda source: source.history.get())
    assert len(found.jobs) == 100
    assert {job.name for job in found.jobs} == {str(number) for number in range(100)}
