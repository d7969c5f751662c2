"""What a narrow Redis user may not see is missing, and one sentence says what to grant."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.worker_events import hearing, heartbeat, tell
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

DOCUMENT = Path(__file__).parents[3] / "docs" / "operations.md"
EVERYTHING = (
    *(f"cache.{part}" for part in ("ping", "server", "slow", "latencies", "keys", "key_memory", "rights")),
    *(f"workers.{part}" for part in ("up", "queues", "tasks", "inspected", "results", "rights")),
    *(f"ingestion.{part}" for part in ("ping", "queues", "worker", "jobs", "history", "rights")),
)


@pytest.fixture
def client(own_redis_server: RedisServer) -> Iterator[redis.Redis]:
    """A connection of an administrator to a server with a little of everything."""
    with own_redis_server.client() as connection:
        connection.lpush("urgent", "a message")
        connection.hset("unacked", "a", "1")
        connection.zadd("unacked_index", {"a": 1000})
        connection.sadd("_kombu.binding.urgent", "urgent\x06\x16\x06\x16urgent")
        connection.rpush("pharos:tasks", "{}")
        connection.hset("pharos:jobs", "1", '{"status": "pending"}')
        connection.rpush("pharos:history", '{"status": "complete"}')
        connection.set("pharos:worker:last_seen", "1")
        with own_redis_server.client(1) as results:
            results.set("celery-task-meta-1", '{"status": "SUCCESS", "result": 1}')
        with own_redis_server.client(2) as cache:
            cache.set("page:1", "x")
            cache.hset("page:2", "a", "x")
        yield connection


def run(client: redis.Redis, *words: str) -> Any:
    """Run a command as an administrator would type it."""
    return client.execute_command(*words)  # type: ignore[no-untyped-call]


def grant(client: redis.Redis, line: str) -> None:
    """Run a line of the document."""
    run(client, *line.replace("PASSWORD", "pw").split())


def lines() -> list[str]:
    """The lines of the document that make users."""
    found = re.findall(r"^ACL SETUSER .+$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) == 3
    return found


def settings_of(server: RedisServer) -> dict[str, Any]:
    """An exporter that logs in to each of them as the document says."""

    def url(user: str, number: int) -> str:
        return f"redis://watchroom-{user}:pw@127.0.0.1:{server.port}/{number}"

    return {
        "redis": {"url": url("cache", 2), "keys_period": 0.5},
        "celery": {
            "broker_url": url("broker", 0), "results_url": url("results", 1), "inspect_period": 1.0,
            "period": 0.5, "results_period": 0.5,
        },
        "ingestion": {"period": 0.2},
    }  # fmt: skip


def all_well(page: Page) -> Page:
    """The page on which every part succeeds."""
    failing = [labels["collector"] for labels, value in page.series("ops_collector_success") if value != 1]
    assert failing == []
    return page


def test_the_users_of_the_document_see_everything(own_redis_server: RedisServer, client: redis.Redis) -> None:
    for line in lines():
        grant(client, line)
    run(client, "ACL", "LOG", "RESET")
    with watching(**settings_of(own_redis_server)) as exporter:
        hearing(exporter)
        tell(client, [heartbeat()])
        eventually(lambda: exporter.page("workers.queues").value("ops_queue_unacked_messages") == 1)
        eventually(lambda: all_well(exporter.page(*EVERYTHING)), within=8)
        page = exporter.page(*EVERYTHING)
    assert page.value("redis_up") == page.value("ops_broker_up") == page.value("ops_ingestion_redis_up") == 1
    assert page.value("celery_queue_length", queue_name="urgent") == 1
    assert page.value("ops_task_results_stored") == 1
    assert page.value("ops_cache_keys_measured") == 2
    assert page.value("ops_ingestion_tracked_jobs", state="queued") == 1
    assert run(client, "ACL", "LOG") == []


def narrowed(server: RedisServer, client: redis.Redis, which: str, *rules: str) -> dict[str, Any]:
    """The users of the document, one of them with these further rules."""
    for line in lines():
        grant(client, line)
    run(client, "ACL", "SETUSER", f"watchroom-{which}", *rules)
    return settings_of(server)


def part_of(exporter: Watched, name: str) -> float | None:
    """Whether this part succeeds."""
    return exporter.page(*EVERYTHING).value("ops_collector_success", collector=name)


@pytest.mark.parametrize(
    ("which", "rule", "parts", "missing", "sentence"),
    [
        ("broker", "-llen", ["workers.queues"], "celery_queue_length", "LLEN; grant it with ACL SETUSER"),
        ("broker", "-exists", ["workers.queues", "ingestion.queues"], "celery_queue_length", "EXISTS"),
        ("broker", "-hlen", ["workers.rights"], "ops_queue_unacked_messages", "HLEN"),
        ("broker", "-lindex", ["workers.rights"], "ops_queue_oldest_message_age_seconds{urgent}", "LINDEX"),
        ("broker", "-publish", ["workers.inspected"], "ops_worker_pool_processes", "PUBLISH"),
        ("broker", "-psubscribe", ["workers.tasks"], "celery_task_sent_total", "PSUBSCRIBE"),
        ("broker", "-getrange", ["ingestion.worker"], "ops_ingestion_worker_status", "GETRANGE"),
        ("results", "-getrange", ["workers.results"], "ops_task_results", "GETRANGE"),
        ("results", "-scan", ["workers.results"], "ops_task_results_stored", "SCAN"),
        ("cache", "-info", ["cache.server"], "redis_uptime_in_seconds", "INFO"),
        ("cache", "-slowlog|get", ["cache.slow"], "redis_slowlog_length", "SLOWLOG GET"),
        ("cache", "-latency|histogram", ["cache.latencies"], "redis_commands_latencies_usec_sum", "LATENCY"),
        ("cache", "-memory|usage", ["cache.key_memory"], "redis_key_memory_usage_bytes", "MEMORY USAGE"),
        ("cache", "-scan", ["cache.keys"], "redis_key_group_count", "SCAN"),
    ],
)  # fmt: skip
def test_a_command_that_is_refused_costs_its_families_and_is_named(  # noqa: PLR0917  (one case a row)
    own_redis_server: RedisServer,
    client: redis.Redis,
    caplog: pytest.LogCaptureFixture,
    which: str,
    rule: str,
    parts: list[str],
    missing: str,
    sentence: str,
) -> None:
    name, _, queue = missing.partition("{")
    with watching(**narrowed(own_redis_server, client, which, rule)) as exporter:
        for part in parts:
            eventually(lambda part=part: part_of(exporter, part) == 0, within=8)  # type: ignore[misc]
        page = exporter.page(*EVERYTHING)
        labels = {"queue_name": queue.rstrip("}")} if queue else {}
        assert page.series(name, **labels) == []
        assert page.value("redis_up") == page.value("ops_broker_up") == 1
    assert f"does not allow this user the command {sentence}" in caplog.text
    assert "pw" not in caplog.text.replace("password", "")


def test_without_keys_the_keys_are_counted_and_not_measured(
    own_redis_server: RedisServer, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    with watching(**narrowed(own_redis_server, client, "cache", "resetkeys", "%R~other:*")) as exporter:
        eventually(lambda: part_of(exporter, "cache.key_memory") == 0)
        page = exporter.page("cache")
        assert page.value("redis_key_group_count", key_group="page") == 2
        assert page.series("redis_key_group_memory_usage_bytes") == []
    assert "does not allow this user the keys of MEMORY USAGE; grant them with ACL SETUSER" in caplog.text


def test_without_channels_the_counts_are_missing_until_they_are_granted(
    own_redis_server: RedisServer, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    with watching(**narrowed(own_redis_server, client, "broker", "resetchannels")) as exporter:
        eventually(lambda: part_of(exporter, "workers.tasks") == 0)
        eventually(lambda: "the channels of PSUBSCRIBE; grant them" in caplog.text)
        assert exporter.page("workers.up").value("ops_event_stream_connected") == 0
        grant(client, lines()[1])
        hearing(exporter)


def test_a_user_who_may_not_ping_is_no_server_that_is_down(
    own_redis_server: RedisServer, client: redis.Redis
) -> None:
    with watching(**narrowed(own_redis_server, client, "cache", "-ping")) as exporter:
        assert exporter.page("cache.ping").value("redis_up") == 1
