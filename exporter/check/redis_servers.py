"""What can be seen of each Redis database: cache, broker, results, ingestion queue."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from exporter.check.advice import advice
from exporter.check.attempt import Attempt, Meter, TimeLimit, attempt
from exporter.check.finding import Finding, Section, State, joined, not_set
from exporter.check.redis_rights import Need, allowed, reach, user_of
from exporter.errors import SourceError
from exporter.question import Question
from exporter.settings_types import unreadable
from exporter.sources import Sources
from exporter.sources.redis_connection import read_url

SECONDS, CONNECT = 3.0, 2.0
TO_REDIS = "Its queues, workers and tasks stay unknown."
REFUSED = "does not allow"
INSPECTION = "worker inspection"  # whose right is told apart by the broker's own check
CACHE = (
    Need(("INFO", "all"), "memory, hits, evictions, clients"),
    Need(("DBSIZE",), "the number of keys"),
    Need(("SCAN", "0", "COUNT", 10), "keys by prefix"),
    Need(("SLOWLOG", "LEN"), "slow commands"),
    Need(("SLOWLOG", "GET", 1), "slow commands"),
    Need(("LATENCY", "LATEST"), "latency spikes"),
    Need(("MEMORY", "USAGE", "watchroom:check"), "memory by prefix, big keys", "*"),
    Need(("TYPE", "watchroom:check"), "big keys", "*"),
    Need(("STRLEN", "watchroom:check"), "the size of big keys", "*"),
    Need(("HLEN", "watchroom:check"), "the size of big keys", "*"),
    Need(("SCARD", "watchroom:check"), "the size of big keys", "*"),
    Need(("ZCARD", "watchroom:check"), "the size of big keys", "*"),
)
RESULTS = (
    Need(("SCAN", "0", "COUNT", 10), "stored results"),
    Need(("GETRANGE", "celery-task-meta-watchroom", 0, 0), "failures by task", "celery-task-meta-*"),
)
INGESTION = tuple(
    Need((*command[:1], key, *command[1:]), adds, key)
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


Look = Callable[[Redis], Awaitable[list[Finding]]]


async def nowhere(_: Redis) -> list[Finding]:
    """Nothing further to look for."""
    return []


@asynccontextmanager
async def opened(name: str, url: SecretStr, seconds: float) -> AsyncIterator[Redis]:
    """An open client. Raises SourceError."""
    client = await reach(name, url, seconds)
    try:
        yield client
    finally:
        await client.aclose()


class RedisCheck:
    """Tries the commands and the polls of one Redis database."""

    def __init__(self, name: str, setting: str, meter: Meter, limit: TimeLimit) -> None:
        self._name = name
        self._setting = setting
        self._meter = meter
        self._limit = limit

    async def run(
        self, url: SecretStr, needs: Sequence[Need], polls: Sequence[Question[Any]], look: Look = nowhere
    ) -> Section:
        """The rights first, then what is called otherwise than expected, then every poll once."""
        if sentences := unreadable(self._setting, url):
            return Section(self._name, "", (Finding("connection", State.HIDDEN, sentences[0], TO_REDIS),))
        address = read_url(url).shown
        try:
            async with opened(self._name, url, CONNECT) as client:
                findings = [Finding("connection", State.SEEN, f"user {user_of(client)}")]
                findings += [*await allowed(client, needs), *await look(client)]
        except (SourceError, RedisError) as error:
            return Section(self._name, address, (self._failed(error),))
        attempts = [await attempt(it, self._meter, self._limit, SECONDS) for it in polls if it.configured]
        findings += self._polled(attempts)
        spent = tuple(it.poll for it in attempts if it.poll)
        return Section(self._name, address, tuple(findings), spent, "commands")

    def _short(self, tried: Attempt) -> str:
        return tried.name.removeprefix(f"{self._name} ")

    def _failed(self, error: SourceError | RedisError) -> Finding:
        ours = error if isinstance(error, SourceError) else SourceError(f"{self._name} cannot be asked")
        return Finding("connection", State.HIDDEN, str(ours), redis_advice(ours, self._setting))

    def _polled(self, attempts: Sequence[Attempt]) -> list[Finding]:
        seen = [self._short(it) for it in attempts if it.error is None and not it.skipped]
        found = [Finding("polls", State.SEEN, joined(seen))] if seen else []
        refused = [it for it in attempts if REFUSED in str(it.error) and it.name != INSPECTION]
        if refused:
            names = joined(map(self._short, refused))
            found.append(Finding("polls refused", State.HIDDEN, names, "Allow the commands named above."))
        for it in attempts:
            if it.skipped:
                found.append(Finding(self._short(it), State.SKIPPED, "the time of the check was over"))
            elif it.error is not None and it not in refused:
                advice = redis_advice(it.error, self._setting)
                found.append(Finding(self._short(it), State.HIDDEN, str(it.error), advice))
        return found


def redis_advice(error: SourceError, setting: str) -> str:
    """What helps against an error of a Redis server."""
    if "password" in str(error):
        return f"Correct user and password in {setting}."
    return advice(error, setting)


async def check_cache(sources: Sources, meter: Meter, limit: TimeLimit) -> Section:
    """The Redis of the cache."""
    url = sources.settings.redis.url
    if url is None:
        return not_set("cache", "REDIS_URL", "the cache: hits, memory, keys")
    return await RedisCheck("cache", "REDIS_URL", meter, limit).run(url, CACHE, [*sources.cache.questions()])


async def check_ingestion(sources: Sources, meter: Meter, limit: TimeLimit) -> Section:
    """The Redis with the ingestion queue."""
    celery = sources.settings.celery
    url = sources.settings.ingestion.url or celery.readable_broker or celery.broker_url
    if url is None:
        return not_set("ingestion", "INGESTION_REDIS_URL", "the ingestion queue and its edge worker")
    check = RedisCheck("ingestion", "INGESTION_REDIS_URL", meter, limit)
    return await check.run(url, INGESTION, [*sources.ingestion.questions()])
