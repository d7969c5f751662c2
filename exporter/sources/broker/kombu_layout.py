"""How kombu lays out its keys on this broker, learnt from the bindings of its queues.

A member of a binding is the routing key, a pattern and the queue's name with a separator between them. The
pattern is empty for queues that have a name of their own, so the separator stands there twice.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from exporter.settings_queues import CelerySettings
from exporter.sources.redis_client import RedisClient

# reply and control queues come and go with their owners, nobody waits in them
PRIVATE_QUEUE = re.compile(r"\.pidbox$|^celeryev\.|^amq\.gen|^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")
REPLY_BINDING = re.compile(r"_kombu\.binding\.(reply\.|celeryev)")
MAX_BINDINGS = 60  # that are read in one look


@dataclass(frozen=True)
class Bindings:
    """The queues that anything was ever bound to, and the separator that their bindings are written with."""

    separator: str
    is_detected: bool = False  # the separator is another than that of the settings
    is_unreadable: bool = False  # no separator makes sense of the bindings
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
    """What these members of bindings say."""
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
    """The separator of a member in which it stands twice, between a routing key and a queue of one name."""
    control = re.fullmatch(r"(.+?)\1[^\s]*\.pidbox", member, re.DOTALL)
    for length in range((len(member) - 2) // 2, 0, -1):
        middle = member[length : len(member) - length]
        half = len(middle) // 2
        if member[:length] == member[-length:] and middle and middle[:half] * 2 == middle:
            return middle[:half]
    return control[1] if control and not control[1][0].isalnum() else None


def public_queues(names: Iterable[str]) -> set[str]:
    """The names of queues in which tasks wait."""
    return {name for name in names if name and not PRIVATE_QUEUE.search(name)}


def parse_scan_reply(reply: object) -> tuple[str, list[str]]:
    """Cursor and keys of a reply to SCAN; the end of it where it is something else."""
    if not isinstance(reply, tuple | list) or len(reply) != 2:
        return "0", []
    return str(reply[0]), [str(name) for name in reply[1]]


def escape_glob(text: str) -> str:
    """The text as a pattern that matches nothing but itself."""
    return "".join(f"\\{c}" if c in "*?[]\\" else c for c in text)
