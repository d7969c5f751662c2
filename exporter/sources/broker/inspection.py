"""Inspects the workers over Celery's control channel: their queues, processes and tasks.

The protocol is kombu's pidbox: a command is published to the fanout exchange `celery.pidbox`, and each worker
pushes its reply to the queue bound to the exchange and routing key that the command names.
"""

import json
import re
import time
import uuid
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from exporter.settings_queues import CelerySettings
from exporter.sources.broker.kombu_layout import parse_body
from exporter.sources.json_object import JsonObject
from exporter.sources.redis_client import RedisClient

COMMANDS: dict[str, dict[str, Any]] = {
    "active_queues": {},
    "stats": {},
    "registered": {"taskinfoitems": ["rate_limit"]},
}
TASK_WITH_OPTIONS = re.compile(r"^(\S+)(?: \[(.*)\])?$")
MAX_TASKS = 1000  # task names read of one worker
REPLY_TIMEOUT = 1.0  # seconds, as Celery's own default
REPLY_QUEUE_TTL = 30  # seconds after which Redis removes late replies
MAX_REPLIES = 2000


@dataclass
class InspectReply:
    """What one worker replied."""

    queues: set[str] = field(default_factory=set)
    processes: int | None = None
    prefetch: int | None = None
    tasks: set[str] = field(default_factory=set)  # registered names
    rate_limited: set[str] = field(default_factory=set)  # those of them with a rate limit


async def inspect_workers(
    client: RedisClient, settings: CelerySettings, separator: str
) -> dict[str, InspectReply]:
    """The replies that came within REPLY_TIMEOUT, by worker. Raises SourceError."""
    mailbox = Mailbox(settings, client.database, separator)
    await mailbox.bind(client)
    try:
        await client.execute_granted(
            [("PUBLISH", mailbox.channel, mailbox.message(name)) for name in COMMANDS]
        )
        return merge_replies(await mailbox.replies(client))
    finally:
        await client.execute([("DEL", mailbox.queue, mailbox.binding)])


class Mailbox:
    """A reply queue for one inspection."""

    def __init__(self, settings: CelerySettings, database: int, separator: str) -> None:
        prefix = settings.key_prefix
        self._key = uuid.uuid4().hex
        self._exchange = f"reply.watchroom.{self._key}.pidbox"
        self._separator = separator
        self._wait = min(settings.timeout / 2, 0.25)
        self._control = f"{settings.control_exchange}.pidbox"
        self._name = f"{self._key}.watchroom.pidbox"
        self.channel = f"{prefix}{settings.fanout_prefix.format(db=database)}{self._control}"
        self.queue = f"{prefix}{self._name}"
        self.binding = f"{prefix}_kombu.binding.{self._exchange}"

    async def bind(self, client: RedisClient) -> None:
        """Bind the reply queue."""
        member = self._separator.join((self._key, "", self._name))
        await client.execute_granted(
            [("SADD", self.binding, member), ("EXPIRE", self.binding, REPLY_QUEUE_TTL)]
        )

    def message(self, command: str) -> str:
        """A command to every worker, as kombu would send it."""
        body = {
            "method": command,
            "arguments": COMMANDS[command],
            "destination": None,
            "pattern": None,
            "matcher": None,
            "ticket": str(uuid.uuid4()),
            "reply_to": {"exchange": self._exchange, "routing_key": self._key},
        }
        return json.dumps(
            {
                "body": b64encode(json.dumps(body).encode()).decode(),
                "content-encoding": "utf-8",
                "content-type": "application/json",
                "headers": {"clock": 1, "expires": 0},
                "properties": {
                    "delivery_mode": 2,
                    "delivery_info": {"exchange": self._control, "routing_key": ""},
                    "priority": 0,
                    "body_encoding": "base64",
                    "delivery_tag": str(uuid.uuid4()),
                },
            }
        )

    async def replies(self, client: RedisClient) -> list[str]:
        """The replies that came within REPLY_TIMEOUT."""
        deadline = time.monotonic() + REPLY_TIMEOUT
        found: list[str] = []
        while (left := deadline - time.monotonic()) > 0 and len(found) < MAX_REPLIES:
            wait = max(min(left, self._wait), 0.01)
            popped = await client.execute_one("BRPOP", self.queue, f"{wait:.3f}")
            if isinstance(popped, tuple | list):
                found.append(str(popped[1]))
        return found


def merge_replies(replies: list[str]) -> dict[str, InspectReply]:
    """The replies to all commands, merged by worker; malformed ones are dropped."""
    found: dict[str, InspectReply] = {}
    for reply in replies:
        try:
            by_host = parse_body(reply.encode(errors="replace"))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
        for host, answer in by_host.items() if isinstance(by_host, dict) else ():
            apply_reply(found.setdefault(str(host), InspectReply()), answer)
    return found


def apply_reply(worker: InspectReply, answer: Any) -> None:
    """Apply one reply: a list of queues, a list of tasks, or statistics."""
    if isinstance(answer, list):
        names = (queue.get("name") for queue in answer if isinstance(queue, dict))
        worker.queues |= {name for name in names if isinstance(name, str)}
        for task in [text for text in answer if isinstance(text, str)][:MAX_TASKS]:
            apply_task(worker, task)
    elif isinstance(answer, dict):
        stats = JsonObject(answer, "a worker's statistics")
        worker.processes = to_int(stats.number("pool", "max-concurrency"))
        worker.prefetch = to_int(stats.number("prefetch_count"))


def apply_task(worker: InspectReply, text: str) -> None:
    """Apply a task in Celery's notation: its name, then the requested options in brackets."""
    found = TASK_WITH_OPTIONS.match(text)
    if found is not None:
        worker.tasks.add(found[1])
        if "rate_limit=" in (found[2] or ""):
            worker.rate_limited.add(found[1])


def to_int(number: float | None) -> int | None:
    """The number without its fraction."""
    return None if number is None else int(number)
