"""Results that tasks left behind, as a real Redis keeps them."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis

from exporter.sources.broker.results import ResultBackend, TaskResult, is_final, parse_result
from exporter.sources.redis_client import RedisClient
from tests.exporter.exporter_page import Page, watching
from tests.servers.redis_server import RedisServer


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    """The empty result backend."""
    redis_server.flush()
    with redis_server.client(1) as client:
        yield client


def result(status: str = "SUCCESS", value: Any = 1, **more: Any) -> str:
    """A result as Celery stores it."""
    return json.dumps({"status": status, "result": value, "traceback": None, "children": [], **more})


def failure(exception: str, **more: Any) -> str:
    """The result of a task that failed."""
    said = {"exc_type": exception, "exc_message": ["for ada@example.org"], "exc_module": "builtins"}
    return result("FAILURE", said, **more)


def page_of(server: RedisServer, **settings: Any) -> Page:
    """The page of an exporter that watches this result backend."""
    with watching(celery={"results_url": server.database(1), **settings}) as exporter:
        return exporter.page("workers.results")


def test_failures_are_counted_by_task_and_exception(redis: Redis, redis_server: RedisServer) -> None:
    stored = [result(), result(), result("RETRY", None), failure("ValueError", name="app.index")]
    stored += [failure("lib.KeyError"), failure("KeyError")]
    for number, text in enumerate(stored):
        redis.set(f"celery-task-meta-{number}", text)
    redis.set("other", "key")
    page = page_of(redis_server)
    assert page.value("ops_task_results_stored") == page.value("ops_task_results_read") == 6
    assert page.value("ops_task_results", status="SUCCESS") == 2
    assert page.value("ops_task_results", status="FAILURE") == 3
    assert page.value("ops_task_results", status="RETRY") == 1
    assert page.value("ops_task_results_failed", name="app.index", exception="ValueError") == 1
    assert page.value("ops_task_results_failed", name="unknown", exception="KeyError") == 2
    assert "ada" not in page.text


def test_no_results_are_no_failures(redis: Redis, redis_server: RedisServer) -> None:
    page = page_of(redis_server)
    assert page.value("ops_task_results", status="FAILURE") == 0
    assert page.value("ops_task_results_complete") == 1


def test_long_results_are_judged_by_their_beginning(redis: Redis, redis_server: RedisServer) -> None:
    redis.set("celery-task-meta-1", failure("MemoryError", traceback="x" * 50_000))
    redis.set("celery-task-meta-2", result(value="y" * 50_000))
    page = page_of(redis_server)
    assert page.value("ops_task_results_failed", exception="MemoryError") == 1
    assert page.value("ops_task_results", status="SUCCESS") == 1


def test_what_is_no_result_is_stored_and_not_read(redis: Redis, redis_server: RedisServer) -> None:
    odd = (b"", b"null", b"[1]", b"{", b'{"status": 5}', b"\x80\x04\x95pickle", b"x" * 9000)
    for number, text in enumerate(odd):
        redis.set(f"celery-task-meta-{number}", text)
    redis.lpush("celery-task-meta-list", "x")
    page = page_of(redis_server)
    assert page.value("ops_task_results_stored") == 8
    assert page.value("ops_task_results_read") == 0


def test_many_results_are_sampled_and_their_failures_bounded(redis: Redis, redis_server: RedisServer) -> None:
    redis.mset({f"celery-task-meta-{n}": failure(f"Error{n}", name=f"task{n}") for n in range(600)})
    page = page_of(redis_server, results_sample=400, tasks=20, exceptions=10)
    assert page.value("ops_task_results_stored") == 600
    assert page.value("ops_task_results_read") == 400
    rows = page.series("ops_task_results_failed")
    assert len(rows) == 31
    assert sum(count for _, count in rows) == 400


def test_a_store_that_is_gone_costs_its_own_part(own_redis_server: RedisServer) -> None:
    own_redis_server.stop()
    page = page_of(own_redis_server)
    assert page.series("ops_task_results") == []
    assert page.value("ops_collector_success", collector="workers.results") == 0


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (result(), ("SUCCESS", "unknown", "unknown")),
        (result(name="app.index"), ("SUCCESS", "app.index", "unknown")),
        (failure("lib.OddError", name="app.index"), ("FAILURE", "app.index", "OddError")),
        (failure("lib.OddError", name="app.index")[:-1], ("FAILURE", "unknown", "OddError")),
        (result(name="app.index")[:-1], ("SUCCESS", "unknown", "unknown")),
        ('{"status": "FAILURE", "result": {"exc_type": "', ("FAILURE", "unknown", "unknown")),
        ('{"status": "success", ', None),
        ('{"state": "SUCCESS"}', None),
        ("[" * 5000, None),
        ("7", None),
    ],
)
def test_a_result_is_its_status_its_task_and_its_exception(
    text: str, read: tuple[str, str, str] | None
) -> None:
    assert parse_result(text) == read


@pytest.mark.parametrize(
    ("outcome", "final"),
    [
        (("SUCCESS", "a", "e"), True),
        (("IGNORED", "a", "e"), True),
        (("RETRY", "a", "e"), False),
        (None, False),
    ],
)
def test_a_result_that_may_change_is_not_final(outcome: TaskResult | None, final: bool) -> None:
    assert is_final(outcome) is final


def test_a_final_result_is_read_once_and_new_ones_within_bounds(
    redis: Redis, redis_server: RedisServer
) -> None:
    redis.mset({f"celery-task-meta-{number}": result() for number in range(30)})
    redis.set("celery-task-meta-open", result("RETRY"))
    taken: list[tuple[int, int]] = []

    async def scan() -> None:
        client = RedisClient("result backend", SecretStr(redis_server.database(1)), 1.0)
        backend = ResultBackend(("",), 100)
        for _ in range(2):
            found = await backend.scan(client)
            taken.append((found.read, backend.commands))
        redis.mset({f"celery-task-meta-late-{number}": result() for number in range(30)})
        found = await backend.scan(client)
        taken.append((found.read, backend.commands))
        assert (found.stored, found.complete) == (61, True)
        await client.close()

    asyncio.run(scan())
    # one command that finds them, and one for each that is read: first all, then those that may have changed
    assert taken[:2] == [(31, 32), (31, 2)]
    assert 31 <= taken[2][0] < 45
    assert taken[2][1] < 15
