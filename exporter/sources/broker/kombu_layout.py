"""kombu's keys and messages in Redis.

A message is an envelope in JSON around a body, most often in base64. A member of a binding is the routing
key, a pattern and the queue's name with a separator between them. The pattern is empty for queues that have a
name of their own, so the separator stands there twice.
"""

import json
import re
import time
from binascii import a2b_base64
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from exporter.settings_queues import CelerySettings
from exporter.sources.json_object import JsonObject, unix_seconds
from exporter.sources.redis_client import RedisClient

BODY_PREFIX = b'{"body": "'
BASE64_FIELD = b'"body_encoding": "base64"'
decode = json.JSONDecoder().raw_decode
# reply and control queues come and go with their owners and hold no tasks
PRIVATE_QUEUE = re.compile(r"\.pidbox$|^celeryev\.|^amq\.gen|^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")
REPLY_BINDING = re.compile(r"_kombu\.binding\.(reply\.|celeryev)")
MAX_BINDINGS = 60  # read in one round


def parse_body(message: bytes) -> Any:
    """The JSON in the body. Raises ValueError or another of Python's errors for invalid messages."""
    if message.startswith(BODY_PREFIX):
        end = message.index(b'"', len(BODY_PREFIX))
        if message.find(BASE64_FIELD, end) > 0:
            # for speed, since every event passes here, the envelope is not parsed
            return decode(a2b_base64(message[len(BODY_PREFIX) : end]).decode())[0]
    envelope = json.loads(message)
    body = envelope["body"]
    if not isinstance(body, str):
        return body
    packed = envelope["properties"].get("body_encoding") == "base64"
    return json.loads(a2b_base64(body) if packed else body)


@dataclass(frozen=True)
class QueuedMessage:
    """A task message in a queue."""

    tag: str  # identifies this message
    task_id: str | None
    task: str | None
    published: float | None  # Unix seconds, if the publisher set a time

    @classmethod
    def parse(cls, message: str, headers: tuple[str, ...]) -> "QueuedMessage":
        """The message without its body, which may be large; `headers` are those that may hold the time."""
        rest = JsonObject(parse_envelope(message), "a message in a queue")
        head, properties = rest.object("headers"), rest.object("properties")
        times = [unix_seconds(properties.at("timestamp")), *(unix_seconds(head.at(name)) for name in headers)]
        return cls(
            tag=properties.text("delivery_tag") or message[-200:],
            task_id=head.text("id") or properties.text("correlation_id"),
            task=head.text("task"),
            published=next((time for time in times if time is not None), None),
        )


def parse_envelope(message: str) -> dict[str, Any]:
    """The envelope's other fields; empty if kombu did not write it."""
    try:
        if message.startswith('{"body": "'):
            end = message.index('", ', len(BODY_PREFIX))
            found = json.loads("{" + message[end + 3 :])
        else:
            found = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Bindings:
    """The queues that have bindings, and the separator that the bindings use."""

    separator: str
    is_detected: bool = False  # the separator differs from the settings
    is_unreadable: bool = False  # no separator fits the bindings
    queues: set[str] = field(default_factory=set)


async def read_bindings(client: RedisClient, settings: CelerySettings, seconds: float) -> Bindings:
    """SCAN for kombu's bindings, for so many seconds at most. Raises SourceError."""
    prefix = f"{settings.key_prefix}_kombu.binding."
    deadline = time.monotonic() + seconds
    cursor, keys = "0", list[str]()
    while time.monotonic() < deadline:
        reply = await client.execute_one("SCAN", cursor, "MATCH", f"{escape_glob(prefix)}*", "COUNT", 1000)
        cursor, names = parse_scan_reply(reply)
        keys += [name for name in names if not REPLY_BINDING.search(name)]
        if cursor == "0":
            break
    chosen = sorted(set(keys))[:MAX_BINDINGS]
    replies = await client.execute_granted([("SMEMBERS", key) for key in chosen]) if chosen else []
    members = [str(m) for reply in replies if isinstance(reply, set | list | tuple) for m in reply]
    return parse_bindings(members, settings.separator)


def parse_bindings(members: Iterable[str], separator: str) -> Bindings:
    """Parse the members of bindings; detect the separator if the expected one does not occur."""
    members = list(members)
    if not members or any(separator in member for member in members):
        found = {m.rpartition(separator)[2] for m in members if separator in m}
        return Bindings(separator, queues=public_queues(found))
    guesses = Counter(guess for member in members if (guess := detect_separator(member)))
    for guess, _ in guesses.most_common(1):
        queues = {member.rpartition(guess)[2] for member in members if guess in member}
        return Bindings(guess, is_detected=True, queues=public_queues(queues))
    return Bindings(separator, is_unreadable=True)


def detect_separator(member: str) -> str | None:
    """The separator of a member that repeats it between a routing key and a queue of the same name."""
    control = re.fullmatch(r"(.+?)\1[^\s]*\.pidbox", member, re.DOTALL)
    for length in range((len(member) - 2) // 2, 0, -1):
        middle = member[length : len(member) - length]
        half = len(middle) // 2
        if member[:length] == member[-length:] and middle and middle[:half] * 2 == middle:
            return middle[:half]
    return control[1] if control and not control[1][0].isalnum() else None


def public_queues(names: Iterable[str]) -> set[str]:
    """The names without reply and control queues."""
    return {name for name in names if name and not PRIVATE_QUEUE.search(name)}


def parse_scan_reply(reply: object) -> tuple[str, list[str]]:
    """Cursor and keys of a reply to SCAN; an invalid reply ends the scan."""
    if not isinstance(reply, tuple | list) or len(reply) != 2:
        return "0", []
    return str(reply[0]), [str(name) for name in reply[1]]


def escape_glob(text: str) -> str:
    """The text as a pattern that matches nothing but itself."""
    return "".join(f"\\{c}" if c in "*?[]\\" else c for c in text)
