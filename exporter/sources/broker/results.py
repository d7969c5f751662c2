"""The results that tasks left behind: a second witness of failures, independent of events."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from redis.asyncio import Redis

from exporter.sources.broker.exceptions import short
from exporter.sources.broker.tallies import UNKNOWN
from exporter.sources.document import Document

SECONDS = 3.0
PART = 4096  # bytes read of one result; what a task returned may be large
STATUS = re.compile(r'^\{"status": "([A-Z]{1,20})", "result": (?:\{"exc_type": "([\w.]{1,100})")?')


@dataclass(frozen=True)
class Results:
    """The results in store, a sample of them by status, and its failures by task and exception."""

    stored: int
    complete: bool  # every key was walked over in the time given
    read: int
    statuses: Counter[str] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)


async def results(redis: Redis, prefix: str, sample: int) -> Results:
    """Walk over the results within a few seconds, reading the first `sample` that SCAN gives."""
    deadline = time.monotonic() + SECONDS
    cursor, keys, stored = 0, list[str](), 0
    while time.monotonic() < deadline:
        cursor, some = await redis.scan(cursor, match=f"{prefix}celery-task-meta-*", count=1000)
        stored += len(some)
        keys += [str(key) for key in some[: sample - len(keys)]]
        if cursor == 0:
            break
    pipe = redis.pipeline(transaction=False)
    for key in keys:
        pipe.getrange(key, 0, PART - 1)
    texts = await pipe.execute(raise_on_error=False) if keys else []
    return counted(stored, cursor == 0, texts)


def counted(stored: int, complete: bool, texts: Iterable[object]) -> Results:
    """The results read, counted; those that expired meanwhile or are no JSON have no status."""
    found = Results(stored, complete, 0)
    read = 0
    for text in texts:
        outcome = outcome_of(text) if isinstance(text, str) else None
        if outcome is None:
            continue
        read += 1
        status, task, exception = outcome
        found.statuses[status] += 1
        if status == "FAILURE":
            found.failures[task, exception] += 1
    return Results(stored, complete, read, found.statuses, found.failures)


def outcome_of(text: str) -> tuple[str, str, str] | None:
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


def beginning_of(text: str) -> tuple[str, str, str] | None:
    """The same of a result too long to be read whole."""
    start = STATUS.match(text)
    return None if start is None else (start[1], UNKNOWN, short(start[2] or UNKNOWN))
