"""A scan of the cache's keys: their number and memory by prefix, and the biggest ones.

SCAN reads every key, MEMORY USAGE only a sample of them; both stop when the time is over. The rest is an
estimate from the sample, which is fair because SCAN iterates over the keys in the order of their hashes.
"""

import asyncio
import hashlib
import heapq
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from time import monotonic

from redis.exceptions import NoPermissionError

from exporter.cardinality import sanitize_label
from exporter.errors import InvalidResponse
from exporter.settings_stores import RedisSettings
from exporter.sources.redis_client import Command, RedisClient
from exporter.sources.redis_errors import permission_error_text

SCAN_BATCH = 500  # keys in a round trip, few enough that no other client waits
MEASURE_BATCH = 50
PAUSE_FACTOR = 4.0  # times the duration of a round trip
MAX_PREFIXES = 10_000  # further prefixes count as keys without one
SIZE_COMMANDS = {
    "string": "STRLEN",
    "list": "LLEN",
    "hash": "HLEN",
    "set": "SCARD",
    "zset": "ZCARD",
    "stream": "XLEN",
}


@dataclass(frozen=True)
class PrefixStats:
    """The keys with one prefix: their number, and their bytes, None where none was measured."""

    name: str
    count: float
    used: float | None


@dataclass(frozen=True)
class BigKey:
    """One big key: its bytes, and its length or number of members where its type has one."""

    name: str
    used: float
    size: float | None


@dataclass(frozen=True)
class KeyspaceStats:
    """The result of one scan, and the ratios of keys that it read and measured (0..1)."""

    groups: tuple[PrefixStats, ...]
    biggest: tuple[BigKey, ...]
    seen: float
    measured: float
    commands: int = 0  # that the scan took
    weighed: int = 0  # keys whose memory was measured
    refused: str = ""  # why memory was not measured, or not of every key


class KeyScan:
    """One scan of the keys of one database."""

    def __init__(
        self, client: RedisClient, settings: RedisSettings, clock: Callable[[], float] = monotonic
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._ends = clock() + settings.keys_seconds
        self._seen: Counter[str] = Counter()
        self._sampled: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._biggest: list[tuple[int, str]] = []
        self._remainder = 0.0
        self._commands = 0
        self._refused = ""

    async def scan(self) -> KeyspaceStats:
        """Scan the keys until the time is over. Raises SourceError."""
        total = await self._client.execute_one("DBSIZE")
        number = total if isinstance(total, int) else 0
        share = min(self._settings.keys_sample / number, 1.0) if number else 0.0
        cursor: object = "0"
        while True:
            began = self._clock()
            cursor, names = await self._scan(cursor)
            self._count(names)
            await self._measure(self._sample(names, share))
            if cursor == "0" or self._clock() >= self._ends:
                return await self._result(number, cursor == "0")
            # a scan delays neither other clients of the server nor this process
            await asyncio.sleep(PAUSE_FACTOR * (self._clock() - began))

    async def _scan(self, cursor: object) -> tuple[str, list[str]]:
        self._commands += 1
        reply = await self._client.execute_one("SCAN", str(cursor), "COUNT", SCAN_BATCH)
        if not isinstance(reply, tuple | list):
            raise InvalidResponse("cache SCAN replied with something else than keys")
        following, names = reply
        return str(following), [str(name) for name in names]

    def _count(self, names: Sequence[str]) -> None:
        for name in names:
            self._seen[self._prefix(name)] += 1

    def _prefix(self, name: str) -> str:
        group = key_prefix(name, self._settings.key_separator)
        return group if group in self._seen or len(self._seen) < MAX_PREFIXES else ""

    def _sample(self, names: Sequence[str], share: float) -> list[str]:
        """This ratio of the names, evenly spread over all calls."""
        self._remainder += share * len(names)
        take = int(self._remainder)
        self._remainder -= take
        return list(names[:take])

    async def _measure(self, names: Sequence[str]) -> None:
        if self._refused and not self._sampled:
            return  # this user may measure nothing
        for start in range(0, len(names), MEASURE_BATCH):
            some = names[start : start + MEASURE_BATCH]
            self._commands += len(some)
            replies = await self._client.execute([("MEMORY", "USAGE", name) for name in some])
            for name, used in zip(some, replies, strict=True):
                if isinstance(used, int):  # else it is gone by now
                    self._add_measurement(name, used)
            self._record_refusal(replies)
            if self._clock() >= self._ends:
                return

    def _record_refusal(self, replies: Sequence[object]) -> None:
        error = next((reply for reply in replies if isinstance(reply, NoPermissionError)), None)
        if error is not None:
            self._refused = permission_error_text("cache", str(error), "memory|usage")

    def _add_measurement(self, name: str, used: int) -> None:
        group = self._prefix(name)
        self._sampled[group] += 1
        self._bytes[group] += used
        heapq.heappush(self._biggest, (used, name))
        if len(self._biggest) > self._settings.keys:
            heapq.heappop(self._biggest)

    async def _result(self, number: int, complete: bool) -> KeyspaceStats:
        seen = sum(self._seen.values())
        scale = 1.0 if complete or not seen else max(number / seen, 1.0)
        groups = tuple(self._estimate(group, count, scale) for group, count in self._seen.items())
        measured = sum(self._sampled.values())
        return KeyspaceStats(
            groups=groups,
            biggest=await self._sizes(),
            seen=1.0 if complete else min(seen / max(number, 1), 1.0),
            measured=measured / seen if seen else 1.0,
            commands=self._commands,
            weighed=measured,
            refused=self._refused,
        )

    def _estimate(self, group: str, count: int, scale: float) -> PrefixStats:
        sampled = self._sampled[group]
        used = self._bytes[group] / sampled * count * scale if sampled else None
        return PrefixStats(group, round(count * scale), used)

    async def _sizes(self) -> tuple[BigKey, ...]:
        ranked = sorted(self._biggest, reverse=True)
        if not ranked:
            return ()
        self._commands += 2 * len(ranked)
        kinds = await self._client.execute([("TYPE", name) for _, name in ranked])
        commands: list[Command] = [
            (SIZE_COMMANDS.get(str(kind), "EXISTS"), name)
            for kind, (_, name) in zip(kinds, ranked, strict=True)
        ]
        sizes = await self._client.execute(commands)
        return tuple(
            BigKey(name, used, size if isinstance(size, int) and str(kind) in SIZE_COMMANDS else None)
            for (used, name), kind, size in zip(ranked, kinds, sizes, strict=True)
        )


# three parts in base64 with dots between, the first of which is a JSON object: a JSON web token (RFC 7519)
TOKEN = re.compile(r"eyJ[\w-]{6,}\.[\w-]+\.[\w-]*")
_SALT = secrets.token_bytes(16)  # of this process, so that names cannot be tried against a digest


def key_prefix(name: str, separator: str) -> str:
    """The prefix of a name up to the separator; empty without a separator, or where it holds a secret."""
    beginning, found, _ = name.partition(separator)
    return beginning if found and len(beginning) <= 64 and not TOKEN.search(beginning) else ""


def masked_key(name: str, separator: str, sensitive: Iterable[str], length: int) -> str:
    """The name as a label; a digest replaces any token, and the rest after a sensitive prefix."""
    beginning, found, rest = name.partition(separator)
    if found and beginning in sensitive:
        return sanitize_label(f"{beginning}{separator}{secret_digest(rest)}", length)
    return sanitize_label(TOKEN.sub(lambda token: secret_digest(token[0]), name), length)


def secret_digest(secret: str) -> str:
    """Eight hexadecimal digits that distinguish secrets and reveal nothing about them."""
    return "#" + hashlib.blake2b(secret.encode(errors="replace"), digest_size=4, key=_SALT).hexdigest()
