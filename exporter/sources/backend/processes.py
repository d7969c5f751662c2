"""Merges the counters of several server processes behind one URL, any of which may respond.

Each process counts for itself, so consecutive responses go back and forth. The last state of each process is
kept and summed. A process is identified by its name (its start time, for example) and, among those of one
name, by monotonic counters: a state in which no counter falls below another state continues it.
"""

from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
STARTUP_SPREAD = 30.0  # seconds within which processes of one server start
RECENT_SECONDS = 60.0  # seconds without a response after which a process does not count as running
MAX_PROCESSES = 64  # processes whose states are kept separately
MAX_NAMES = 4096  # names kept of processes that no longer are
KEPT_STATES = 8  # states of a process that are kept to distinguish it from another


@dataclass
class ServerProcess(Generic[K]):
    """One server process: its last counters, and when they were read."""

    name: str
    started: float | None
    counters: dict[K, float] = field(default_factory=dict)
    non_monotonic: dict[K, float] = field(default_factory=dict)
    base: dict[K, float] = field(default_factory=dict)  # its counts that are excluded
    seen_at: float = 0.0
    gauges: dict[str, float] = field(default_factory=dict)  # set by the caller
    earlier: deque[dict[K, float]] = field(default_factory=lambda: deque(maxlen=KEPT_STATES))

    def is_continued_by(self, counters: Mapping[K, float]) -> bool:
        """Whether these counters may continue this process. With a name, counters may be missing."""
        return is_monotonic(counters, self.counters, forgiving=bool(self.name))

    def update(self, counters: Mapping[K, float], seen_at: float) -> None:
        """Replace its counters."""
        if self.counters and counters != self.counters:
            self.earlier.append(self.counters)
        self.counters = {**self.counters, **counters}
        self.seen_at = seen_at

    def increase(self) -> dict[K, float]:
        """Its counts without the excluded ones."""
        return {key: max(value - self.base.get(key, 0.0), 0.0) for key, value in self.counters.items()}


class ProcessCounterMerger(Generic[K]):
    """The processes and the sum of their counters.

    With `keep_totals` the sum never falls, even when the only process is replaced by another.
    """

    def __init__(self, keep_totals: bool = False) -> None:
        self._keep_totals = keep_totals
        self._processes: list[ServerProcess[K]] = []
        self._highest: dict[K, float] = {}
        self._gone: set[str] = set()  # names of processes no longer kept, which may return
        self._folded: dict[K, float] = {}  # the last states of processes no longer kept

    def record(  # noqa: PLR0913
        self,
        counters: Mapping[K, float],
        at: float,
        name: str = "",
        started: float | None = None,
        *,
        non_monotonic: Mapping[K, float] | None = None,
        from_start: bool = True,
    ) -> ServerProcess[K]:
        """Record what a process counts; `started` is the newest known start time of any process.

        Without `from_start` only what a new process counts from now on is summed.

        `non_monotonic` counters are summed too, but identify no process; one that falls keeps its maximum.
        """
        process = self._continuation(counters, name) or self._reassign(counters, name)
        if process is None:
            process = self._new(name, started)
            # the earlier counts of a process that returns are in the sum already
            process.base = {} if from_start and name not in self._gone else dict(counters)
        process.update(counters, at)
        for key, value in (non_monotonic or {}).items():
            process.non_monotonic[key] = max(value, process.non_monotonic.get(key, 0.0))
        process.started = started or process.started
        return process

    def total(self) -> dict[K, float]:
        """The counters, summed over all processes ever."""
        total = dict(self._folded)
        for process in self._processes:
            add_counters(total, process.increase())
            add_counters(total, process.non_monotonic)
        # a state may be reassigned to another process; until the sum catches up, nothing falls
        self._highest = {key: max(value, self._highest.get(key, 0.0)) for key, value in total.items()}
        return self._highest

    def recent(self, now: float) -> list[ServerProcess[K]]:
        """The processes that responded recently."""
        return [process for process in self._processes if now - process.seen_at <= RECENT_SECONDS]

    def _continuation(self, counters: Mapping[K, float], name: str) -> ServerProcess[K] | None:
        possible = [p for p in self._processes if p.name == name and p.is_continued_by(counters)]
        return max(possible, key=lambda p: sum(p.counters.values()), default=None)

    def _reassign(self, counters: Mapping[K, float], name: str) -> ServerProcess[K] | None:
        """The process that these counters continue once its last state is reassigned to another."""
        alike = [p for p in self._processes if p.name == name]
        for process in alike:
            state = preceding_state(process, counters)
            if state is None:
                continue
            for other in alike:
                if other is not process and other.is_continued_by(process.counters):
                    other.update(process.counters, process.seen_at)
                    process.counters = state
                    return process
        return None

    def _new(self, name: str, started: float | None) -> ServerProcess[K]:
        if len(self._processes) == 1 and is_replaced(self._processes[0], started):
            self._forget(self._processes[0])
        if len(self._processes) >= MAX_PROCESSES:
            oldest = min(self._processes, key=lambda p: p.seen_at)
            self._fold(oldest)
            if oldest.name and len(self._gone) < MAX_NAMES:
                self._gone.add(oldest.name)
        process: ServerProcess[K] = ServerProcess(name, started)
        self._processes.append(process)
        return process

    def _forget(self, gone: ServerProcess[K]) -> None:
        """Drop the only process, which was replaced: keep its counts in the sum, or start from 0."""
        if self._keep_totals:
            self._fold(gone)
            return
        self._processes.clear()
        self._highest.clear()

    def _fold(self, process: ServerProcess[K]) -> None:
        self._processes.remove(process)
        add_counters(self._folded, process.increase())
        add_counters(self._folded, process.non_monotonic)


def is_replaced(process: ServerProcess[K], started: float | None) -> bool:
    """Whether a process with this start time replaced that one, rather than run beside it."""
    if started is None or process.started is None:
        return False
    return started > process.started + STARTUP_SPREAD


def preceding_state(process: ServerProcess[K], counters: Mapping[K, float]) -> dict[K, float] | None:
    """The latest earlier state of the process that these counters may continue."""
    return next((state for state in reversed(process.earlier) if is_monotonic(counters, state, False)), None)


def is_monotonic(now: Mapping[K, float], then: Mapping[K, float], forgiving: bool) -> bool:
    """Whether no counter fell; a missing one counts as 0 unless `forgiving`."""
    if forgiving:
        return all(now.get(key, value) >= value for key, value in then.items())
    return all(now.get(key, 0.0) >= value for key, value in then.items())


def add_counters(total: dict[K, float], counters: Mapping[K, float]) -> None:
    """Add these counters to the total."""
    for key, value in counters.items():
        total[key] = total.get(key, 0.0) + value
