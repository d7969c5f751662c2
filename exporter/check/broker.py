"""What can be seen of the Celery broker beside its commands: events, inspection, keys of other names."""

import re
import uuid
from collections.abc import AsyncIterator, Iterable

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from exporter.check.attempt import Meter, TimeLimit
from exporter.check.finding import Finding, Section, State, joined, not_set
from exporter.check.redis_rights import Need, login, rule_for, try_command, user_of
from exporter.check.redis_servers import INSPECTION, REFUSED, RESULTS, RedisCheck
from exporter.settings import Celery as CelerySettings
from exporter.sources import Sources
from exporter.sources.broker.event_stream import channel_pattern
from exporter.sources.broker.queues import QueueKeys

ROUNDS = 10
A_ROUND = 1000  # keys
SHOWN = 3
STEP = re.compile(r"([^\w]+)(\d{1,3})")  # what stands between a queue and a priority, and the priority
BINDING, RESULT = "_kombu.binding.", "celery-task-meta-"
PUBLISH = "PUBLISH"


async def check_broker(sources: Sources, meter: Meter, limit: TimeLimit) -> Section:
    """The Celery broker: queues, workers, events."""
    own, source = sources.settings.celery, sources.broker
    if own.broker_url is None:
        return not_set("broker", "CELERY_BROKER_URL", "queues, workers and tasks")

    url = own.readable_broker or own.broker_url
    user, number = login(url)

    async def look(client: Redis) -> list[Finding]:
        found = [await events(client, own, number), *await other_names(client, own)]
        return [*found, *await publishing(client)]

    polls = [it for it in source.questions() if it is not source.results]
    check = RedisCheck("broker", "CELERY_BROKER_URL", meter, limit)
    section = await check.run(url, broker_needs(own), polls, look)
    if any(it.what == PUBLISH for it in section.findings):
        return section
    channel = f"{own.key_prefix}{own.fanout_prefix.format(db=number)}{own.control_exchange}.pidbox"
    return with_grant(section, user, channel)


async def check_results(sources: Sources, meter: Meter, limit: TimeLimit) -> Section:
    """The result backend."""
    own = sources.settings.celery
    if own.results_url is None:
        return not_set("results", "CELERY_RESULT_BACKEND", "stored failures of tasks")

    async def look(client: Redis) -> list[Finding]:
        return await other_results(client, own)

    check = RedisCheck("results", "CELERY_RESULT_BACKEND", meter, limit)
    return await check.run(own.readable_results or own.results_url, RESULTS, [sources.broker.results], look)


def broker_needs(settings: CelerySettings) -> list[Need]:
    """The commands that the broker's polls need, on keys that they really use."""
    keys = QueueKeys(settings)
    queue = keys.lists(settings.queues[0] if settings.queues else "celery")
    prefix = settings.key_prefix
    binding, own = f"{prefix}_kombu.binding.*", f"{prefix}{uuid.uuid4().hex}.watchroom.pidbox"
    reply = f"{prefix}_kombu.binding.reply.watchroom.{uuid.uuid4().hex}"
    return [
        Need(("EXISTS", *queue), "which queues hold anything", "*"),
        Need(("LLEN", queue[0]), "queue lengths", "*"),
        Need(("LINDEX", queue[0], -1), "the age of the oldest message", "*"),
        Need(("HLEN", keys.unacked), "messages that workers hold", "unacked*"),
        Need(("ZRANGE", keys.unacked_index, 0, 0), "the oldest message that a worker holds", "unacked*"),
        Need(("SCAN", "0", "COUNT", 10), "queues that are not in celery.queues"),
        Need(("SMEMBERS", f"{prefix}_kombu.binding.celery"), "queues that are not in celery.queues", binding),
        Need(("SADD", reply, "check"), "which queues a worker consumes (inspection)", binding),
        Need(("EXPIRE", reply, 1), "which queues a worker consumes (inspection)", binding),
        Need(("DEL", reply), "which queues a worker consumes (inspection)", binding),
        Need(("BRPOP", own, "0.01"), "replies of workers to an inspection", "*.pidbox"),
    ]


async def events(client: Redis, settings: CelerySettings, database: int) -> Finding:
    """Whether the channel on which workers send their events can be subscribed to."""
    pattern = channel_pattern(settings, database)
    async with client.pubsub() as subscription:
        try:
            await subscription.psubscribe(pattern)
            await subscription.get_message(timeout=1.0)
        except NoPermissionError as error:
            rule = rule_for(Need(("PSUBSCRIBE",), "", pattern), str(error))
            advice = f"ACL SETUSER {user_of(client)} {rule}"
            return Finding("worker events", State.HIDDEN, "refused: heartbeats, task outcomes", advice)
        except RedisError as error:
            return Finding("worker events", State.HIDDEN, f"failed with {type(error).__name__}")
    return Finding("worker events", State.SEEN, "can be subscribed to")


async def publishing(client: Redis) -> list[Finding]:
    """Whether commands to workers can be sent at all; on a channel that nobody listens to."""
    refusal = await try_command(client, (PUBLISH, f"watchroom.check.{uuid.uuid4().hex}", ""))
    if refusal is None or (rule := rule_for(Need((PUBLISH,), ""), refusal)).startswith("'"):
        return []  # another channel may be allowed: the inspection tells
    advice = f"ACL SETUSER {user_of(client)} {rule}"
    return [Finding(PUBLISH, State.HIDDEN, "refused: inspection of workers", advice)]


async def other_names(client: Redis, settings: CelerySettings) -> list[Finding]:
    """Priority lists with another separator and bindings with another prefix, among the first keys."""
    try:
        keys = [key async for key in some_keys(client)]
    except RedisError:
        return []  # that SCAN is refused is said elsewhere
    return [*other_separators(keys, settings), *other_prefixes(keys, BINDING, settings.key_prefix)]


async def other_results(client: Redis, settings: CelerySettings) -> list[Finding]:
    """Results under another prefix, among the first keys."""
    try:
        keys = [key async for key in some_keys(client)]
    except RedisError:
        return []
    return other_prefixes(keys, RESULT, settings.key_prefix)


async def some_keys(client: Redis) -> AsyncIterator[str]:
    """The first thousands of keys, in no order."""
    cursor = 0
    for _ in range(ROUNDS):
        cursor, keys = await client.scan(cursor, count=A_ROUND)
        for key in keys:
            yield str(key)
        if cursor == 0:
            return


def other_separators(keys: Iterable[str], settings: CelerySettings) -> list[Finding]:
    """Keys that look like the priority lists of a known queue, but with another separator."""
    found: dict[str, list[str]] = {}
    for key in keys:
        separator = separator_of(key, settings)
        if separator not in ("", settings.separator):
            found.setdefault(separator, []).append(key)
    return [
        Finding(
            "priority lists",
            State.HIDDEN,
            f"{joined(map(repr, lists[:SHOWN]))}: the separator is {separator!r}, not {settings.separator!r}",
            f"Set celery.separator to {separator!r} (OPS_CELERY__SEPARATOR).",
        )
        for separator, lists in found.items()
    ]


def separator_of(key: str, settings: CelerySettings) -> str:
    """What stands between the name of a known queue and a priority; empty where the key is no such list."""
    for queue in settings.queues:
        rest = key.removeprefix(f"{settings.key_prefix}{queue}")
        match = STEP.fullmatch(rest) if rest != key else None
        if match:
            return match[1]
    return ""


def other_prefixes(keys: Iterable[str], name: str, expected: str) -> list[Finding]:
    """Keys of this name under another prefix than the one that is set, where none is under that."""
    prefixes = {key.partition(name)[0] for key in keys if name in key}
    if not prefixes or expected in prefixes:
        return []
    other = min(prefixes)
    return [
        Finding(
            f"keys {name}*",
            State.HIDDEN,
            f"their prefix is {other!r}, not {expected!r}",
            f"Set celery.key_prefix to {other!r} (OPS_CELERY__KEY_PREFIX).",
        )
    ]


def with_grant(section: Section, user: str, channel: str) -> Section:
    """The section, whose failed inspection says which channel the user must be allowed."""
    grant = f"ACL SETUSER {user} '&{channel}'"
    findings = tuple(
        Finding(it.what, it.state, it.detail, grant) if it.what == INSPECTION and REFUSED in it.detail else it
        for it in section.findings
    )
    return Section(section.name, section.address, findings, section.polls, section.unit)
