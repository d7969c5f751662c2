"""Workers asked over Celery's control channel: which queues they take from, how many processes they have.

The protocol is kombu's pidbox: a command is published to the fanout exchange `celery.pidbox`, each worker
pushes its reply to the queue that is bound to the exchange and routing key the command names.
"""

import json
import time
import uuid
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from exporter.settings import Celery as CelerySettings
from exporter.sources.broker.messages import body_of
from exporter.sources.document import Document

COMMANDS = ("active_queues", "stats")
PATIENCE = 1.0  # as long as Celery itself waits for replies
KEPT = 30  # seconds after which Redis clears away what a late reply leaves
MOST_REPLIES = 2000


@dataclass
class Inspected:
    """What one worker answered."""

    queues: set[str] = field(default_factory=set)
    processes: int | None = None
    prefetch: int | None = None


async def inspect(redis: Redis, settings: CelerySettings, database: int) -> dict[str, Inspected]:
    """The workers that answered within a second, by name."""
    mailbox = Mailbox(settings, database)
    await mailbox.bind(redis)
    try:
        for command in COMMANDS:
            await redis.publish(mailbox.channel, mailbox.message(command))
        return gathered(await mailbox.replies(redis))
    finally:
        await redis.delete(mailbox.queue, mailbox.binding)


class Mailbox:
    """A reply queue that exists for one round of questions."""

    def __init__(self, settings: CelerySettings, database: int) -> None:
        prefix = settings.key_prefix
        self._key = uuid.uuid4().hex
        self._exchange = f"reply.watchroom.{self._key}.pidbox"
        self._separator = settings.separator
        self._wait = min(settings.timeout / 2, 0.25)
        self._control = f"{settings.control_exchange}.pidbox"
        self._name = f"{self._key}.watchroom.pidbox"
        self.channel = f"{prefix}{settings.fanout_prefix.format(db=database)}{self._control}"
        self.queue = f"{prefix}{self._name}"
        self.binding = f"{prefix}_kombu.binding.{self._exchange}"

    async def bind(self, redis: Redis) -> None:
        """Say where replies go."""
        member = self._separator.join((self._key, "", self._name))
        pipe = redis.pipeline(transaction=False)
        pipe.sadd(self.binding, member)
        pipe.expire(self.binding, KEPT)
        await pipe.execute()

    def message(self, command: str) -> str:
        """A command to every worker, as kombu would send it."""
        body = {
            "method": command,
            "arguments": {},
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

    async def replies(self, redis: Redis) -> list[str]:
        """What came within the time that Celery gives."""
        deadline = time.monotonic() + PATIENCE
        found: list[str] = []
        while (left := deadline - time.monotonic()) > 0 and len(found) < MOST_REPLIES:
            popped = await redis.brpop([self.queue], timeout=max(min(left, self._wait), 0.01))
            if popped is not None:
                found.append(str(popped[1]))
        return found


def gathered(replies: list[str]) -> dict[str, Inspected]:
    """The replies to both commands, joined by worker; what is no reply is left out."""
    found: dict[str, Inspected] = {}
    for reply in replies:
        try:
            by_host = body_of(reply.encode())
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        for host, answer in by_host.items() if isinstance(by_host, dict) else ():
            learn(found.setdefault(str(host), Inspected()), answer)
    return found


def learn(worker: Inspected, answer: Any) -> None:
    """Take one answer: a list of queues, or statistics."""
    if isinstance(answer, list):
        names = (queue.get("name") for queue in answer if isinstance(queue, dict))
        worker.queues |= {name for name in names if isinstance(name, str)}
    elif isinstance(answer, dict):
        stats = Document(answer, "a worker's statistics")
        worker.processes = whole(stats.number("pool", "max-concurrency"))
        worker.prefetch = whole(stats.number("prefetch_count"))


def whole(number: float | None) -> int | None:
    """The number without its fraction."""
    return None if number is None else int(number)
