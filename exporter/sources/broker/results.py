"""Task results in the result backend: evidence of failures that is independent of events."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from exporter.errors import RequestFailed
from exporter.sources.broker.kombu_layout import parse_scan_reply
from exporter.sources.broker.task_counters import UNKNOWN, unqualified_name
from exporter.sources.json_object import JsonObject
from exporter.sources.redis_client import RedisClient

SCAN_SECONDS = 3.0
MAX_RESULT_BYTES = 4096  # read of one result, which may be large
READS_PER_SECOND = 5.0  # of new results, on average
RESULT_KEY = "celery-task-meta-"
TRUNCATED_RESULT = re.compile(r'^\{"status": "([A-Z]{1,20})", "result": (?:\{"exc_type": "([\w.]{1,100})")?')
FINAL_STATUSES = ("SUCCESS", "FAILURE", "REVOKED", "REJECTED", "IGNORED")
TaskResult = tuple[str, str, str]  # status, task, class of exception


@dataclass(frozen=True)
class StoredResults:
    """The number of stored results, a sample of them by status, and its failures by task and exception."""

    stored: int
    complete: bool  # the scan covered every key in its time
    read: int
    statuses: Counter[str] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)


class ResultBackend:
    """One result backend; a final result is read once."""

    def __init__(self, prefixes: tuple[str, ...], sample: int) -> None:
        self._prefixes = prefixes
        self._sample = sample
        self._results: dict[str, TaskResult | None] = {}
        self._read_at: float | None = None
        self.commands = 0  # of the last scan

    async def scan(self, client: RedisClient) -> StoredResults:
        """Scan the results for SCAN_SECONDS at most and read a sample. Raises SourceError."""
        deadline = time.monotonic() + SCAN_SECONDS
        cursor, keys, self.commands = "0", list[str](), 0
        while time.monotonic() < deadline:
            reply = await client.execute_one("SCAN", cursor, "MATCH", f"*{RESULT_KEY}*", "COUNT", 1000)
            self.commands += 1
            cursor, some = parse_scan_reply(reply)
            keys += some
            if cursor == "0":
                break
        keys = self._own_keys(keys)
        chosen = self._sample_keys(keys)
        await self._read(client, chosen)
        return count_results(len(keys), cursor == "0", [self._results.get(key) for key in chosen])

    def _own_keys(self, keys: list[str]) -> list[str]:
        ours = [
            key for key in keys if key.startswith(tuple(f"{prefix}{RESULT_KEY}" for prefix in self._prefixes))
        ]
        if keys and not ours:
            raise RequestFailed(
                f"result backend holds {len(keys)} results, all under another prefix than "
                f"{self._prefixes[-1]!r}; set celery.results_prefix to that of the application's results"
            )
        return ours

    def _sample_keys(self, keys: list[str]) -> list[str]:
        """A sample: first the known results, then new ones."""
        known = self._results
        self._results = {key: known[key] for key in keys if key in known}
        return sorted(keys, key=lambda key: key not in known)[: self._sample]

    async def _read(self, client: RedisClient, chosen: list[str]) -> None:
        now = time.monotonic()
        most = self._sample if self._read_at is None else int((now - self._read_at) * READS_PER_SECOND) + 1
        self._read_at = now
        new = [key for key in chosen if not is_final(self._results.get(key))][:most]
        self.commands += len(new)
        texts = (
            await client.execute_granted([("GETRANGE", key, 0, MAX_RESULT_BYTES - 1) for key in new])
            if new
            else []
        )
        for key, text in zip(new, texts, strict=True):
            self._results[key] = parse_result(text) if isinstance(text, str) else None


def is_final(outcome: TaskResult | None) -> bool:
    """Whether the result will not change any more."""
    return outcome is not None and outcome[0] in FINAL_STATUSES


def count_results(stored: int, complete: bool, outcomes: Iterable[TaskResult | None]) -> StoredResults:
    """Count the read results; None stands for an expired or invalid one."""
    found = StoredResults(stored, complete, 0)
    read = 0
    for outcome in outcomes:
        if outcome is None:
            continue
        read += 1
        status, task, exception = outcome
        found.statuses[status] += 1
        if status == "FAILURE":
            found.failures[task, exception] += 1
    return StoredResults(stored, complete, read, found.statuses, found.failures)


def parse_result(text: str) -> TaskResult | None:
    """Status, task and exception class of one result; the task is known only with result_extended."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return parse_truncated_result(text)
    if not isinstance(body, dict):
        return None
    result = JsonObject(body, "a result")
    status = result.text("status")
    exception = result.text("result", "exc_type") or UNKNOWN
    return None if status is None else (status, result.text("name") or UNKNOWN, unqualified_name(exception))


def parse_truncated_result(text: str) -> TaskResult | None:
    """The same of a truncated result."""
    start = TRUNCATED_RESULT.match(text)
    return None if start is None else (start[1], UNKNOWN, unqualified_name(start[2] or UNKNOWN))
