"""Counters of several server processes behind one URL, of which any may answer.

Each process counts for itself, so what is read goes back and forth. Here the last state of each process is
kept and summed. A process is known by its name (where the answer carries one, such as its start time), and
among those of one name by the fact that counters never fall: a state that falls nowhere below another's is
that one's continuation.
"""

from collections import deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
STARTUP_SPREAD = 30.0  # seconds within which processes start that were started together
RECENT_SECONDS = 60.0  # seconds after which a process that did not answer is not counted as running
MAX_PROCESSES = 64  # processes whose states are kept apart
MAX_NAMES = 4096  # names that are remembered of those that no longer are
KEPT_STATES = 8  # states of a process that are remembered to tell it from another


@dataclass
class ServerProcess(Generic[K]):
    """One server process: what it last counted, and when that was seen."""

    name: str
    started: float | None
    counters: dict[K, float] = field(default_factory=dict)
    non_monotonic: dict[K, float] = field(default_factory=dict)
    base: dict[K, float] = field(default_factory=dict)  # what it had counted before that is of interest
    seen_at: float = 0.0
    gauges: dict[str, float] = field(default_factory=dict)  # what is no counter, as the caller left it
    earlier: deque[dict[K, float]] = field(default_factory=lambda: deque(maxlen=KEPT_STATES))

    def is_continued_by(self, counters: Mapping[K, float]) -> bool:
        """Whether these counters may be this process's next; under a name, a missing one is forgiven."""
        return is_monotonic(counters, self.counters, forgiving=bool(self.name))

    def update(self, counters: Mapping[K, float], seen_at: float) -> None:
        """These are its counters now."""
        if self.counters and counters != self.counters:
            self.earlier.append(self.counters)
        self.counters = {**self.counters, **counters}
        self.seen_at = seen_at

    def increase(self) -> dict[K, float]:
        """What it has counted, less what it began with."""
        return {key: max(value - self.base.get(key, 0.0), 0.0) for key, value in self.counters.items()}


class ProcessCounterMerger(Generic[K]):
    """The processes that were seen, and the sum of what they count.

    With `keep_totals` the sum never falls, also when a lone process is replaced by another.
    """

    def __init__(self, keep_totals: bool = False) -> None:
        self._keep_totals = keep_totals
        self._processes: list[ServerProcess[K]] = []
        self._highest: dict[K, float] = {}
        self._gone: set[str] = set()  # the names of those, which may come back
        self._folded: dict[K, float] = {}  # the last states of those that are no longer kept apart

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
            # what one of more than we keep apart had counted before is in the sum already
            process.base = {} if from_start and name not in self._gone else dict(counters)
        process.update(counters, at)
        for key, value in (non_monotonic or {}).items():
            process.non_monotonic[key] = max(value, process.non_monotonic.get(key, 0.0))
        process.started = started or process.started
        return process

    def total(self) -> dict[K, float]:
        """The counters, summed over all processes that ever were."""
        total = dict(self._folded)
        for process in self._processes:
            add_counters(total, process.increase())
            add_counters(total, process.non_monotonic)
        # a state that was taken for another's is given back below; until the truth catches up, nothing falls
        self._highest = {key: max(value, self._highest.get(key, 0.0)) for key, value in total.items()}
        return self._highest

    def recent(self, now: float) -> list[ServerProcess[K]]:
        """The processes that answered a short while ago."""
        return [process for process in self._processes if now - process.seen_at <= RECENT_SECONDS]

    def _continuation(self, counters: Mapping[K, float], name: str) -> ServerProcess[K] | None:
        possible = [p for p in self._processes if p.name == name and p.is_continued_by(counters)]
        return max(possible, key=lambda p: sum(p.counters.values()), default=None)

    def _reassign(self, counters: Mapping[K, float], name: str) -> ServerProcess[K] | None:
        """The process that these continue once a state that was taken for its own is given to another."""
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
        """A lone process was replaced: its counts are kept in the sum, or begin anew with the next one's."""
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
    """Whether a process that started at this time took the place of that one, rather than stand beside it."""
    if started is None or process.started is None:
        return False
    return started > process.started + STARTUP_SPREAD


def preceding_state(process: ServerProcess[K], counters: Mapping[K, float]) -> dict[K, float] | None:
    """The last of the process's earlier states that these counters may continue."""
    return next((state for state in reversed(process.earlier) if is_monotonic(counters, state, False)), None)


def is_monotonic(now: Mapping[K, float], then: Mapping[K, float], forgiving: bool) -> bool:
    """Whether no counter is below what it was; one that is missing counts as 0 unless that is forgiven."""
    if forgiving:
        return all(now.get(key, value) >= value for key, value in then.items())
    return all(now.get(key, 0.0) >= value for key, value in then.items())


def add_counters(total: dict[K, float], counters: Mapping[K, float]) -> None:
    """Add these counters to the total."""
    for key, value in counters.items():
        total[key] = total.get(key, 0.0) + value
