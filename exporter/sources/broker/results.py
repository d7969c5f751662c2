"""The results that tasks left behind: a second witness of failures, independent of events."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from exporter.errors import Refused
from exporter.sources.broker.exceptions import short
from exporter.sources.broker.layout import scanned
from exporter.sources.broker.tallies import UNKNOWN
from exporter.sources.document import Document
from exporter.sources.redis_client import Client

SECONDS = 3.0
PART = 4096  # bytes read of one result; what a task returned may be large
READ_A_SECOND = 5.0  # results of which nothing was known, on average
KEY = "celery-task-meta-"
STATUS = re.compile(r'^\{"status": "([A-Z]{1,20})", "result": (?:\{"exc_type": "([\w.]{1,100})")?')
FINAL = ("SUCCESS", "FAILURE", "REVOKED", "REJECTED", "IGNORED")
Outcome = tuple[str, str, str]  # status, task, class of exception


@dataclass(frozen=True)
class Results:
    """The results in store, a sample of them by status, and its failures by task and exception."""

    stored: int
    complete: bool  # every key was walked over in the time given
    read: int
    statuses: Counter[str] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)


class Store:
    """One result backend; a result that is final is read once."""

    def __init__(self, prefixes: tuple[str, ...], sample: int) -> None:
        self._prefixes = prefixes
        self._sample = sample
        self._outcomes: dict[str, Outcome | None] = {}
        self._read_at: float | None = None
        self.commands = 0  # that the last walk took

    async def walk(self, client: Client) -> Results:
        """Walk over the results within a few seconds, reading a sample. Raises SourceError."""
        deadline = time.monotonic() + SECONDS
        cursor, keys, self.commands = "0", list[str](), 0
        while time.monotonic() < deadline:
            reply = await client.one("SCAN", cursor, "MATCH", f"*{KEY}*", "COUNT", 1000)
            self.commands += 1
            cursor, some = scanned(reply)
            keys += some
            if cursor == "0":
                break
        keys = self._ours(keys)
        chosen = self._chosen(keys)
        await self._read(client, chosen)
        return counted(len(keys), cursor == "0", [self._outcomes.get(key) for key in chosen])

    def _ours(self, keys: list[str]) -> list[str]:
        ours = [key for key in keys if key.startswith(tuple(f"{prefix}{KEY}" for prefix in self._prefixes))]
        if keys and not ours:
            raise Refused(
                f"result backend holds {len(keys)} results, all under another prefix than "
                f"{self._prefixes[-1]!r}; set celery.results_prefix to that of the application's results"
            )
        return ours

    def _chosen(self, keys: list[str]) -> list[str]:
        """A sample: first those whose outcome is known, then new ones."""
        known = self._outcomes
        self._outcomes = {key: known[key] for key in keys if key in known}
        return sorted(keys, key=lambda key: key not in known)[: self._sample]

    async def _read(self, client: Client, chosen: list[str]) -> None:
        now = time.monotonic()
        most = self._sample if self._read_at is None else int((now - self._read_at) * READ_A_SECOND) + 1
        self._read_at = now
        new = [key for key in chosen if not is_final(self._outcomes.get(key))][:most]
        self.commands += len(new)
        texts = await client.granted([("GETRANGE", key, 0, PART - 1) for key in new]) if new else []
        for key, text in zip(new, texts, strict=True):
            self._outcomes[key] = outcome_of(text) if isinstance(text, str) else None


def is_final(outcome: Outcome | None) -> bool:
    """Whether the result will not change any more."""
    return outcome is not None and outcome[0] in FINAL


def counted(stored: int, complete: bool, outcomes: Iterable[Outcome | None]) -> Results:
    """The results read, counted; those that expired meanwhile or are no JSON have no outcome."""
    found = Results(stored, complete, 0)
    read = 0
    for outcome in outcomes:
        if outcome is None:
            continue
        read += 1
        status, task, exception = outcome
        found.statuses[status] += 1
        if status == "FAILURE":
            found.failures[task, exception] += 1
    return Results(stored, complete, read, found.statuses, found.failures)


def outcome_of(text: str) -> Outcome | None:
    """Status, task and class of exception of one result; the task only where results are extended."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return beginning_of(text)
    if not isinstance(body, dict):
        return None
    result = Document(body, "a result")
    status = result.text("status")
    exception = result.text("result", "exc_type") or UNKNOWN
    return None if status is None else (status, result.text("name") or UNKNOWN, short(exception))


def beginning_of(text: str) -> Outcome | None:
    """The same of a result too long to be read whole."""
    start = STATUS.match(text)
    return None if start is None else (start[1], UNKNOWN, short(start[2] or UNKNOWN))
