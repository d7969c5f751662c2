"""Counters of each task and queue, in bounded number."""

import re
import time
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

from exporter.cardinality import OTHER, LabelLimiter
from exporter.metrics import HistogramData

REPR_CALL = re.compile(r"([A-Za-z_][\w.]*)(?:\(|$)")  # as repr() formats most exceptions
LAST_LINE = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)  # of a traceback, unindented
TRACEBACK_TAIL = 2000  # characters of a traceback that are searched
UNKNOWN = "unknown"
RUNTIME_BOUNDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0)
WAIT_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
MAX_DURATION = 1e8  # three years; a longer duration is an error of the sender


def exception_class(event: dict[str, Any]) -> str:
    """The name of the exception's class in a task-failed event, without its module and message."""
    text, trace = event.get("exception"), event.get("traceback")
    if isinstance(text, str) and (call := REPR_CALL.match(text)):
        return unqualified_name(call[1])
    lines = LAST_LINE.findall(trace[-TRACEBACK_TAIL:]) if isinstance(trace, str) else []
    return unqualified_name(lines[-1]) if lines else UNKNOWN


def unqualified_name(path: str) -> str:
    """The last part of a dotted name."""
    return path.rpartition(".")[2] or UNKNOWN


class HistogramBuilder:
    """Counts values by bucket. One thread writes, others read whole copies."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        """Count one value in seconds. Raises ValueError when it is no duration."""
        if not 0 <= value < MAX_DURATION:
            raise ValueError("not a duration")
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def build(self) -> HistogramData | None:
        """The cumulative counts, None when nothing was counted."""
        count = 0
        buckets = {}
        for bound, cell in zip((*self._bounds, float("inf")), self._counts.copy(), strict=True):
            count += cell
            buckets[bound] = float(count)
        return HistogramData(buckets, self._total, count) if count else None


class TaskCounts:
    """The counts of one task on one queue, and on one worker where these are told apart, else on all."""

    __slots__ = (
        "failed", "host", "hosts", "name", "queue", "received", "rejected", "retried", "revoked", "runtime",
        "sent", "started", "succeeded", "wait",
    )  # fmt: skip

    def __init__(self, name: str, queue: str, host: str = "") -> None:
        self.name = name
        self.queue = queue
        self.host = host
        self.hosts: dict[str, TaskCounts] = {}  # by worker, where they are told apart
        self.sent = self.received = self.started = self.succeeded = 0
        self.rejected = self.revoked = self.retried = 0
        # a failure of unknown class is always possible, so that each known task
        # has a series of failures that starts at 0
        self.failed: dict[str, int] = {UNKNOWN: 0}
        self.runtime = HistogramBuilder(RUNTIME_BOUNDS)
        self.wait = HistogramBuilder(WAIT_BOUNDS)


class TaskCounters:
    """The counts of all tasks; names beyond the bounds are merged into `other`.

    Where `hosts` is not 0, so many workers are told apart, in at most `hosts` times `pairs` counts.
    """

    def __init__(self, tasks: int, pairs: int, exceptions: int, length: int = 120, hosts: int = 0) -> None:
        self._names = LabelLimiter(tasks, length)
        self._queues = LabelLimiter(pairs, length)
        self._exceptions = LabelLimiter(exceptions, length)
        self._hosts = LabelLimiter(hosts, length) if hosts else None
        self._pairs = pairs
        self._counts: dict[tuple[str, str], TaskCounts] = {}
        self._by_raw: dict[tuple[str, str], TaskCounts] = {}
        self._failures = 0
        self._most_failures = 2 * pairs * max(hosts, 1)

    def for_task(self, name: str, queue: str) -> TaskCounts:
        """The counts of this task on this queue. Raises TypeError for an invalid name."""
        tally = self._by_raw.get((name, queue))
        if tally is None:
            tally = self._admit(name, queue)
            if len(self._by_raw) < 4 * self._pairs:
                self._by_raw[name, queue] = tally
        return tally

    def on_host(self, tally: TaskCounts, host: str) -> TaskCounts:
        """The counts on this worker; `tally` itself where workers are not told apart. Raises TypeError."""
        if self._hosts is None:
            return tally
        label = self._hosts.name(host)
        found = tally.hosts.get(label)
        if found is None:
            found = tally.hosts[label] = TaskCounts(tally.name, tally.queue, label)
        return found

    def start_at_zero(self, name: str) -> None:
        """Show this task at 0; its queue is not known yet."""
        if not any(tally.name == name for tally in self._counts.values()):
            self.for_task(name, UNKNOWN)

    def count_failure(self, tally: TaskCounts, exception: str) -> None:
        """Count a failure by the class of its exception."""
        if exception not in tally.failed:
            exception = self._exceptions.name(exception)
            if exception not in tally.failed:
                exception = exception if self._failures < self._most_failures else OTHER
                self._failures += 1
        tally.failed[exception] = tally.failed.get(exception, 0) + 1

    def all(self) -> list[TaskCounts]:
        """A copy of all counts, safe to iterate; by worker where these are told apart and known."""
        tallies = list(self._counts.values())
        return [each for tally in tallies for each in (list(tally.hosts.values()) or [tally])]

    def failures(self) -> Iterator[tuple[TaskCounts, str, int]]:
        """The counts, and each class of exception with its number."""
        for tally in self.all():
            for exception, count in tally.failed.copy().items():
                yield tally, exception, count

    def _admit(self, name: str, queue: str) -> TaskCounts:
        key = (self._names.name(name), self._queues.name(queue))
        if key not in self._counts and len(self._counts) >= self._pairs:
            key = (OTHER, OTHER)
        if key not in self._counts:
            self._counts[key] = TaskCounts(*key)
        return self._counts[key]


class ZeroInitializer:
    """Shows a new series at 0 before it counts, so that its first events are an increase.

    Prometheus sees no increase in a series whose first sample is 8. A series stays at 0 from the scrape that
    first shows it for as long as two scrapes may be apart.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._first_shown_at: dict[Hashable, float] = {}

    def counter(self, series: Hashable, count: float) -> float:
        """The count of a series; 0 while it is new."""
        return 0.0 if self._is_new(series) else count

    def histogram(self, series: Hashable, spread: HistogramData) -> HistogramData:
        """The histogram of a series; all 0 while it is new."""
        return HistogramData(dict.fromkeys(spread.buckets, 0.0), 0.0, 0.0) if self._is_new(series) else spread

    def _is_new(self, series: Hashable) -> bool:
        now = self._clock()
        first_shown_at = self._first_shown_at.get(series)
        if first_shown_at is None:
            self._first_shown_at[series] = now
            return True
        return now - first_shown_at < self._seconds
