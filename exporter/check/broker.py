"""The check of the Celery broker and the result backend: events, inspection, unexpected key names."""

import re
import uuid
from collections.abc import AsyncIterator, Iterable

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from exporter.check.attempt import CheckDeadline, OperationCounter
from exporter.check.finding import Finding, FindingState, ReportSection, join_names, unset_section
from exporter.check.redis_rights import (
    RequiredCommand,
    missing_rule,
    try_command,
    user_and_database,
    username,
)
from exporter.check.redis_servers import INSPECTION, REFUSED, RESULTS, RedisCheck
from exporter.settings_queues import CelerySettings
from exporter.sources import Sources
from exporter.sources.broker.event_stream import channel_pattern
from exporter.sources.broker.queues import QueueKeys

ROUNDS = 10
A_ROUND = 1000  # keys
SHOWN = 3
STEP = re.compile(r"([^\w]+)(\d{1,3})")  # separator and priority after a queue
BINDING, RESULT = "_kombu.binding.", "celery-task-meta-"
PUBLISH = "PUBLISH"


async def check_broker(sources: Sources, meter: OperationCounter, limit: CheckDeadline) -> ReportSection:
    """The Celery broker: queues, workers, events."""
    own, source = sources.settings.celery, sources.broker
    if own.broker_url is None:
        return unset_section("broker", "CELERY_BROKER_URL", "queues, workers and tasks")

    url = own.readable_broker or own.broker_url
    user, number = user_and_database(url)

    async def extra_check(client: Redis) -> list[Finding]:
        found = [await events_finding(client, own, number), *await find_other_names(client, own)]
        return [*found, *await publish_findings(client)]

    on_request = [source.results, *source.server.pollers()]
    polls = [it for it in source.pollers() if it not in on_request]
    check = RedisCheck("broker", "CELERY_BROKER_URL", meter, limit)
    section = await check.run(url, broker_needs(own), polls, extra_check)
    if any(it.what == PUBLISH for it in section.findings):
        return section
    channel = f"{own.key_prefix}{own.fanout_prefix.format(db=number)}{own.control_exchange}.pidbox"
    return with_channel_grant(section, user, channel)


async def check_results(sources: Sources, meter: OperationCounter, limit: CheckDeadline) -> ReportSection:
    """The result backend."""
    own = sources.settings.celery
    if own.results_url is None:
        return unset_section("results", "CELERY_RESULT_BACKEND", "stored failures of tasks")

    async def extra_check(client: Redis) -> list[Finding]:
        return await find_other_results(client, own)

    check = RedisCheck("results", "CELERY_RESULT_BACKEND", meter, limit)
    return await check.run(
        own.readable_results or own.results_url, RESULTS, [sources.broker.results], extra_check
    )


def broker_needs(settings: CelerySettings) -> list[RequiredCommand]:
    """The commands that the broker's polls need, on keys that they really use."""
    keys = QueueKeys(settings)
    queue = keys.lists(settings.queues[0] if settings.queues else "celery")
    prefix = settings.key_prefix
    binding, own = f"{prefix}_kombu.binding.*", f"{prefix}{uuid.uuid4().hex}.watchroom.pidbox"
    reply = f"{prefix}_kombu.binding.reply.watchroom.{uuid.uuid4().hex}"
    return [
        RequiredCommand(("EXISTS", *queue), "which queues hold anything", "*"),
        RequiredCommand(("LLEN", queue[0]), "queue lengths", "*"),
        RequiredCommand(("LINDEX", queue[0], -1), "the age of the oldest message", "*"),
        RequiredCommand(("HLEN", keys.unacked), "messages that workers hold", "unacked*"),
        RequiredCommand(
            ("ZRANGE", keys.unacked_index, 0, 0), "the oldest message that a worker holds", "unacked*"
        ),
        RequiredCommand(("SCAN", "0", "COUNT", 10), "queues that are not in celery.queues"),
        RequiredCommand(
            ("SMEMBERS", f"{prefix}_kombu.binding.celery"), "queues that are not in celery.queues", binding
        ),
        RequiredCommand(("SADD", reply, "check"), "which queues a worker consumes (inspection)", binding),
        RequiredCommand(("EXPIRE", reply, 1), "which queues a worker consumes (inspection)", binding),
        RequiredCommand(("DEL", reply), "which queues a worker consumes (inspection)", binding),
        RequiredCommand(("BRPOP", own, "0.01"), "replies of workers to an inspection", "*.pidbox"),
    ]


async def events_finding(client: Redis, settings: CelerySettings, database: int) -> Finding:
    """Whether the channel on which workers send their events can be subscribed to."""
    pattern = channel_pattern(settings, database)
    async with client.pubsub() as subscription:
        try:
            await subscription.psubscribe(pattern)
            await subscription.get_message(timeout=1.0)
        except NoPermissionError as error:
            rule = missing_rule(RequiredCommand(("PSUBSCRIBE",), "", pattern), str(error))
            advice = f"ACL SETUSER {username(client)} {rule}"
            return Finding("worker events", FindingState.HIDDEN, "refused: heartbeats, task outcomes", advice)
        except RedisError as error:
            return Finding("worker events", FindingState.HIDDEN, f"failed with {type(error).__name__}")
    return Finding("worker events", FindingState.SEEN, "can be subscribed to")


async def publish_findings(client: Redis) -> list[Finding]:
    """Whether commands to workers can be sent, tried on a channel without subscribers."""
    refusal = await try_command(client, (PUBLISH, f"watchroom.check.{uuid.uuid4().hex}", ""))
    if refusal is None or (rule := missing_rule(RequiredCommand((PUBLISH,), ""), refusal)).startswith("'"):
        return []  # another channel may be allowed: the inspection finds out
    advice = f"ACL SETUSER {username(client)} {rule}"
    return [Finding(PUBLISH, FindingState.HIDDEN, "refused: inspection of workers", advice)]


async def find_other_names(client: Redis, settings: CelerySettings) -> list[Finding]:
    """Priority lists with another separator and bindings with another prefix, among the first keys."""
    try:
        keys = [key async for key in sample_keys(client)]
    except RedisError:
        return []  # another finding reports that SCAN is refused
    return [*separator_findings(keys, settings), *prefix_findings(keys, BINDING, settings.key_prefix)]


async def find_other_results(client: Redis, settings: CelerySettings) -> list[Finding]:
    """Results under another prefix, among the first keys."""
    try:
        keys = [key async for key in sample_keys(client)]
    except RedisError:
        return []
    return prefix_findings(keys, RESULT, settings.key_prefix)


async def sample_keys(client: Redis) -> AsyncIterator[str]:
    """The first thousands of keys, in no order."""
    cursor = 0
    for _ in range(ROUNDS):
        cursor, keys = await client.scan(cursor, count=A_ROUND)
        for key in keys:
            yield str(key)
        if cursor == 0:
            return


def separator_findings(keys: Iterable[str], settings: CelerySettings) -> list[Finding]:
    """Keys that look like the priority lists of a known queue, but with another separator."""
    found: dict[str, list[str]] = {}
    for key in keys:
        separator = find_separator(key, settings)
        if separator not in ("", settings.separator):
            found.setdefault(separator, []).append(key)
    return [
        Finding(
            "priority lists",
            FindingState.HIDDEN,
            f"{join_names(map(repr, lists[:SHOWN]))}: the separator is {separator!r}, "
            f"not {settings.separator!r}",
            f"Set celery.separator to {separator!r} (OPS_CELERY__SEPARATOR).",
        )
        for separator, lists in found.items()
    ]


def find_separator(key: str, settings: CelerySettings) -> str:
    """The separator between a known queue and a priority; empty where the key is no such list."""
    for queue in settings.queues:
        rest = key.removeprefix(f"{settings.key_prefix}{queue}")
        match = STEP.fullmatch(rest) if rest != key else None
        if match:
            return match[1]
    return ""


def prefix_findings(keys: Iterable[str], name: str, expected: str) -> list[Finding]:
    """Keys of this name under another prefix than the one that is set, where none is under that."""
    prefixes = {key.partition(name)[0] for key in keys if name in key}
    if not prefixes or expected in prefixes:
        return []
    other = min(prefixes)
    return [
        Finding(
            f"keys {name}*",
            FindingState.HIDDEN,
            f"their prefix is {other!r}, not {expected!r}",
            f"Set celery.key_prefix to {other!r} (OPS_CELERY__KEY_PREFIX).",
        )
    ]


def with_channel_grant(section: ReportSection, user: str, channel: str) -> ReportSection:
    """The section, with the missing channel in the advice of a failed inspection."""
    grant = f"ACL SETUSER {user} '&{channel}'"
    findings = tuple(
        Finding(it.what, it.state, it.detail, grant) if it.what == INSPECTION and REFUSED in it.detail else it
        for it in section.findings
    )
    return ReportSection(section.name, section.address, findings, section.polls, section.unit)
