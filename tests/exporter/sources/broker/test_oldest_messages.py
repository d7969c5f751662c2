"""How long the oldest message of a list has waited; on a real Redis, with the clock of the test."""

import asyncio
import json
from collections.abc import Callable

import pytest
from pydantic import SecretStr
from redis import Redis

from exporter.sources.broker.oldest_messages import OldestMessages
from exporter.sources.redis_client import RedisClient
from tests.servers.redis_server import RedisServer

NOW = 1_000_000_000.0
DAY = 86_400


def message(tag: str = "1", published: object = None, size: int = 0) -> str:
    """A message in a queue."""
    return json.dumps(
        {
            "body": "x" * size,
            "headers": {"id": f"task-{tag}", "published_at": published},
            "properties": {"delivery_tag": tag},
        }
    )


class Look:
    """Looks at lists of one server, each at a time of its own."""

    def __init__(self, server: RedisServer, sent: Callable[[str | None], float | None]) -> None:
        self.now = NOW
        self.oldest = OldestMessages(("published_at",), sent, clock=lambda: self.now)
        self._server = server

    def ages(self, now: float, *keys: str) -> list[float | None]:
        """The age of each of these lists once they were read at this time."""
        self.now = now

        async def run() -> None:
            client = RedisClient("broker", SecretStr(self._server.url), 1.0)
            await self.oldest.read(client, keys)
            await client.close()

        asyncio.run(run())
        return [self.oldest.age([key]) for key in keys]


@pytest.fixture
def look(redis: Redis, redis_server: RedisServer) -> Look:
    """A look at an empty server, whose tasks were sent 7 seconds ago where their tag is 7."""
    return Look(redis_server, lambda task_id: NOW - 7 if task_id == "task-7" else None)


@pytest.mark.parametrize(
    ("published", "age"),
    [
        (NOW - 5, 5),
        (NOW - 30 * DAY + 1, 30 * DAY - 1),
        (NOW - 30 * DAY, 0),
        (NOW + 60, 0),
        (NOW + 61, 0),
        (None, 0),
    ],
)
def test_the_time_of_the_publisher_counts_within_a_month(
    redis: Redis, look: Look, published: float | None, age: float
) -> None:
    redis.lpush("urgent", message(published=published))
    assert look.ages(NOW, "urgent") == [age]


@pytest.mark.parametrize(("published", "age"), [(NOW + 60, 0), (NOW + 61, 107), (NOW - 30 * DAY, 107)])
def test_an_impossible_time_is_replaced_by_that_of_the_sent_event(
    redis: Redis, look: Look, published: float, age: float
) -> None:
    redis.lpush("urgent", message("7", published))
    look.ages(NOW, "urgent")
    assert look.ages(NOW + 100, "urgent") == [max(NOW + 100 - published, 0) if age == 0 else age]


def test_a_message_ages_until_the_next_one_is_the_oldest(redis: Redis, look: Look) -> None:
    redis.lpush("urgent", message("1"), message("2"))
    assert look.ages(NOW, "urgent") == [0]
    assert look.ages(NOW + 9, "urgent") == [9]
    redis.rpop("urgent")
    assert look.ages(NOW + 12, "urgent") == [0]
    assert look.oldest.age(["urgent", "another"]) == 0
    assert look.oldest.age(["another"]) is None


def test_an_emptied_list_is_dropped(redis: Redis, look: Look) -> None:
    redis.lpush("urgent", message("1"))
    look.ages(NOW, "urgent")
    look.oldest.retain(("batch",))
    assert look.ages(NOW + 9, "urgent") == [0]


def test_the_oldest_of_several_lists_counts(redis: Redis, look: Look) -> None:
    redis.lpush("urgent", message("1", NOW - 3))
    redis.lpush("urgent:9", message("2", NOW - 8))
    look.ages(NOW, "urgent", "urgent:9")
    assert look.oldest.age(["urgent", "urgent:9"]) == 8


def test_new_lists_are_all_read_and_known_ones_three_at_a_time(redis: Redis, look: Look) -> None:
    keys = [f"list{number}" for number in range(5)]
    for key in keys:
        redis.lpush(key, message("1"))
    assert look.ages(NOW, *keys) == [0] * 5
    for key in keys:
        redis.rpush(key, message("2"))
    assert sorted(age or 0 for age in look.ages(NOW + 10, *keys)) == [0, 0, 0, 10, 10]
    assert sorted(age or 0 for age in look.ages(NOW + 20, *keys)) == [0, 0, 10, 10, 10]


def test_a_large_message_is_read_again_the_later_the_larger_it_is(redis: Redis, look: Look) -> None:
    redis.lpush("urgent", message("1", size=500_000))
    assert look.ages(NOW, "urgent") == [0]
    redis.rpush("urgent", message("2"))
    assert look.ages(NOW + 4.9, "urgent") == [pytest.approx(4.9)]
    assert look.ages(NOW + 5.1, "urgent") == [0]
