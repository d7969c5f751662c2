"""The check of each Redis database: cache, broker, results, ingestion queue."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from exporter.check.attempt import Attempt, CheckDeadline, OperationCounter, try_poll
from exporter.check.finding import Finding, FindingState, ReportSection, advice, join_names, unset_section
from exporter.check.redis_rights import RequiredCommand, open_connection, permission_findings, username
from exporter.errors import SourceError
from exporter.polling import Poller
from exporter.settings_types import unreadable_reasons
from exporter.sources import Sources
from exporter.sources.redis_connection import parse_secret_url

SECONDS, CONNECT = 3.0, 2.0
TO_REDIS = "Its queues, workers and tasks stay unknown."
REFUSED = "does not allow"
INSPECTION = "worker inspection"  # the broker's own check reports its rights
CACHE = (
    RequiredCommand(("INFO", "all"), "memory, hits, evictions, clients"),
    RequiredCommand(("DBSIZE",), "the number of keys"),
    RequiredCommand(("SCAN", "0", "COUNT", 10), "keys by prefix"),
    RequiredCommand(("SLOWLOG", "LEN"), "slow commands"),
    RequiredCommand(("SLOWLOG", "GET", 1), "slow commands"),
    RequiredCommand(("LATENCY", "LATEST"), "latency spikes"),
    RequiredCommand(("MEMORY", "USAGE", "watchroom:check"), "memory by prefix, big keys", "*"),
    RequiredCommand(("TYPE", "watchroom:check"), "big keys", "*"),
    RequiredCommand(("STRLEN", "watchroom:check"), "the size of big keys", "*"),
    RequiredCommand(("HLEN", "watchroom:check"), "the size of big keys", "*"),
    RequiredCommand(("SCARD", "watchroom:check"), "the size of big keys", "*"),
    RequiredCommand(("ZCARD", "watchroom:check"), "the size of big keys", "*"),
)
RESULTS = (
    RequiredCommand(("SCAN", "0", "COUNT", 10), "stored results"),
    RequiredCommand(
        ("GETRANGE", "celery-task-meta-watchroom", 0, 0), "failures by task", "celery-task-meta-*"
    ),
)
INGESTION = tuple(
    RequiredCommand((*command[:1], key, *command[1:]), adds, key)
    for adds, command, keys in (
        ("queue length", ("LLEN",), ("ingest_queue", "pharos:tasks")),
        ("age of the oldest job", ("LINDEX", 0), ("ingest_queue",)),
        ("the history of jobs", ("LRANGE", 0, 0), ("job_history", "pharos:history")),
        ("the worker's state", ("GETRANGE", 0, 0), ("worker_status", "pharos:worker:last_seen")),
        ("jobs under way", ("HLEN",), ("pharos:jobs",)),
        ("jobs under way", ("HVALS",), ("pharos:jobs",)),
        ("which layout it has", ("EXISTS",), ("ingest_queue",)),
    )
    for key in keys
)


ExtraCheck = Callable[[Redis], Awaitable[list[Finding]]]


async def no_findings(_: Redis) -> list[Finding]:
    """No further check."""
    return []


@asynccontextmanager
async def open_client(name: str, url: SecretStr, seconds: float) -> AsyncIterator[Redis]:
    """An open client. Raises SourceError."""
    client = await open_connection(name, url, seconds)
    try:
        yield client
    finally:
        await client.aclose()


class RedisCheck:
    """Tries the commands and the polls of one Redis database."""

    def __init__(self, name: str, setting: str, meter: OperationCounter, limit: CheckDeadline) -> None:
        self._name = name
        self._setting = setting
        self._meter = meter
        self._limit = limit

    async def run(
        self,
        url: SecretStr,
        needs: Sequence[RequiredCommand],
        polls: Sequence[Poller[Any]],
        extra_check: ExtraCheck = no_findings,
    ) -> ReportSection:
        """Check the rights first, then unexpected names, then make every poll once."""
        if sentences := unreadable_reasons(self._setting, url):
            return ReportSection(
                self._name, "", (Finding("connection", FindingState.HIDDEN, sentences[0], TO_REDIS),)
            )
        address = parse_secret_url(url).shown
        try:
            async with open_client(self._name, url, CONNECT) as client:
                findings = [Finding("connection", FindingState.SEEN, f"user {username(client)}")]
                findings += [*await permission_findings(client, needs), *await extra_check(client)]
        except (SourceError, RedisError) as error:
            return ReportSection(self._name, address, (self._failed(error),))
        attempts = [await try_poll(it, self._meter, self._limit, SECONDS) for it in polls if it.configured]
        findings += self._polled(attempts)
        spent = tuple(it.poll for it in attempts if it.poll)
        return ReportSection(self._name, address, tuple(findings), spent, "commands")

    def _short(self, tried: Attempt) -> str:
        return tried.name.removeprefix(f"{self._name} ")

    def _failed(self, error: SourceError | RedisError) -> Finding:
        ours = error if isinstance(error, SourceError) else SourceError(f"{self._name} cannot be reached")
        return Finding("connection", FindingState.HIDDEN, str(ours), redis_advice(ours, self._setting))

    def _polled(self, attempts: Sequence[Attempt]) -> list[Finding]:
        seen = [self._short(it) for it in attempts if it.error is None and not it.skipped]
        found = [Finding("polls", FindingState.SEEN, join_names(seen))] if seen else []
        refused = [it for it in attempts if REFUSED in str(it.error) and it.name != INSPECTION]
        if refused:
            names = join_names(map(self._short, refused))
            found.append(
                Finding("polls refused", FindingState.HIDDEN, names, "Allow the commands named above.")
            )
        for it in attempts:
            if it.skipped:
                found.append(Finding(self._short(it), FindingState.SKIPPED, "the time of the check was over"))
            elif it.error is not None and it not in refused:
                advice = redis_advice(it.error, self._setting)
                found.append(Finding(self._short(it), FindingState.HIDDEN, str(it.error), advice))
        return found


def redis_advice(error: SourceError, setting: str) -> str:
    """Advice for an error of a Redis server."""
    if "password" in str(error):
        return f"Correct user and password in {setting}."
    return advice(error, setting)


async def check_cache(sources: Sources, meter: OperationCounter, limit: CheckDeadline) -> ReportSection:
    """Check the Redis of the cache."""
    url = sources.settings.redis.url
    if url is None:
        return unset_section("cache", "REDIS_URL", "the cache: hits, memory, keys")
    # the histograms are polled on request only, which may never come
    polls = [it for it in sources.cache.pollers() if it is not sources.cache.server.latencies]
    return await RedisCheck("cache", "REDIS_URL", meter, limit).run(url, CACHE, polls)


async def check_ingestion(sources: Sources, meter: OperationCounter, limit: CheckDeadline) -> ReportSection:
    """Check the Redis with the ingestion queue."""
    celery = sources.settings.celery
    url = sources.settings.ingestion.url or celery.readable_broker or celery.broker_url
    if url is None:
        return unset_section("ingestion", "INGESTION_REDIS_URL", "the ingestion queue and its edge worker")
    check = RedisCheck("ingestion", "INGESTION_REDIS_URL", meter, limit)
    return await check.run(url, INGESTION, [*sources.ingestion.pollers()])
