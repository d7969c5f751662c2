"""What workers reply to an inspection, read as far as it is of use."""

import asyncio
import time
from typing import Any

import pytest
from pydantic import SecretStr

from exporter.settings_queues import CelerySettings
from exporter.sources.broker.inspection import (
    COMMANDS,
    MAX_TASKS,
    InspectReply,
    inspect_workers,
    merge_replies,
    to_int,
)
from exporter.sources.broker.kombu_layout import parse_body
from exporter.sources.redis_client import RedisClient
from tests.exporter.worker_events import wrapped
from tests.servers.redis_server import RedisServer


def reply(answer: Any, host: str = "one@here") -> str:
    """The reply of one worker."""
    return wrapped({host: answer})


def test_the_replies_to_all_commands_are_merged_by_worker() -> None:
    found = merge_replies(
        [
            reply([{"name": "urgent"}, {"name": "batch"}]),
            reply({"pool": {"max-concurrency": 4}, "prefetch_count": 16}),
            reply(["app.index", "app.ingest [rate_limit=10/m]", "app.free [rate=3]"]),
            reply([{"name": "other"}], host="two@here"),
        ]
    )
    tasks = {"app.index", "app.ingest", "app.free"}
    assert found == {
        "one@here": InspectReply({"urgent", "batch"}, 4, 16, tasks, {"app.ingest"}),
        "two@here": InspectReply({"other"}),
    }


@pytest.mark.parametrize("text", ["", "{", "[]", "7", wrapped(["a"]), wrapped(None), '{"body": 5}'])
def test_what_is_no_reply_costs_no_other_reply(text: str) -> None:
    assert merge_replies([text, reply(["app.index"])]) == {"one@here": InspectReply(tasks={"app.index"})}


@pytest.mark.parametrize("answer", [None, 7, "text", {"pool": []}, [{"name": 5}, {}, None, " "]])
def test_an_answer_of_another_kind_tells_nothing_of_its_worker(answer: Any) -> None:
    assert merge_replies([reply(answer)]) == {"one@here": InspectReply()}


def test_no_more_tasks_of_a_worker_are_read_than_allowed() -> None:
    (worker,) = merge_replies([reply([f"task{number}" for number in range(MAX_TASKS + 5)])]).values()
    assert len(worker.tasks) == MAX_TASKS == 1000


def test_a_number_of_processes_has_no_fraction() -> None:
    assert to_int(4.0) == 4
    assert to_int(None) is None


def test_an_inspection_asks_all_and_leaves_nothing_behind(redis_server: RedisServer) -> None:
    redis_server.flush()
    settings = CelerySettings(key_prefix="shop", timeout=0.5)

    async def run() -> dict[str, InspectReply]:
        client = RedisClient("broker", SecretStr(redis_server.url), 1.0)
        inspecting = asyncio.create_task(inspect_workers(client, settings, "|"))
        await answer_commands()
        try:
            return await inspecting
        finally:
            await client.close()

    async def answer_commands() -> None:
        # as a worker: to the queue that is bound to the exchange and the key of each command
        for command in COMMANDS:
            await asyncio.wait_for(asyncio.to_thread(answer, command), 2)

    with redis_server.client() as redis, redis.pubsub() as heard:
        heard.subscribe("shop/0.celery.pidbox")
        assert heard.get_message(timeout=1)

        def answer(command: str) -> None:
            while (message := heard.get_message(timeout=1)) is None:
                pass
            asked = parse_body(message["data"].encode())
            to = asked["reply_to"]
            (member,) = redis.smembers(f"shop_kombu.binding.{to['exchange']}")
            key, pattern, queue = str(member).split("|")
            assert (asked["method"], key, pattern) == (command, to["routing_key"], "")
            assert 0 < redis.ttl(f"shop_kombu.binding.{to['exchange']}") <= 30
            redis.lpush(f"shop{queue}", reply(["app.index"]))

        began = time.monotonic()
        found = asyncio.run(run())
        assert 0.9 < time.monotonic() - began < 5
        assert found == {"one@here": InspectReply(tasks={"app.index"})}
        assert redis.keys() == []
