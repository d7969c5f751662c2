"""The requests of the backend's users, by module, over all processes behind its URL.

They are counted since our first look: what a process counted before is of no interest, unless it is younger
than a minute. So neither a restart of ours nor a process that we meet late looks like requests of now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

from exporter.clock import as_wall, steady
from exporter.metrics import Spread
from exporter.sources.backend.metrics_page import (
    ALL,
    BUCKET,
    COUNT,
    IN_PROGRESS,
    PROCESS,
    REQUESTS,
    SHARED,
    SUM,
    WHOLE,
    Key,
    MetricsPage,
    Sums,
)
from exporter.sources.backend.own_traffic import OwnTraffic
from exporter.sources.backend.processes import Process, Processes

START, MEMORY, CPU, OPEN_FILES, MOST_FILES = PROCESS
YOUNG = 60.0  # seconds of age up to which a process that we meet first is counted from its birth
PAGE = "/metrics"
GAUGES = (START, MEMORY, OPEN_FILES, MOST_FILES, IN_PROGRESS)


@dataclass(frozen=True)
class Totals:
    """What the backend's /metrics says: requests by module and status class, durations, the processes."""

    requests: Mapping[tuple[str, str], float]
    durations: Mapping[str, Spread]
    in_progress: Mapping[str, float]
    cpu_seconds: float | None
    started: float | None  # Unix seconds at which the newest process started
    memory: float | None
    open_files: float | None
    most_files: float | None  # of one process
    processes: int
    counts: bool  # whether the backend counts requests at all; with its metrics off it says nothing of them

    def errors(self) -> dict[str, float]:
        """Requests that ended in a server error, by module."""
        found: dict[str, float] = {}
        for (module, status), count in self.requests.items():
            found[module] = found.get(module, 0.0) + (count if status == "5xx" else 0.0)
        return found

    def asked(self) -> dict[str, float]:
        """All requests, by module."""
        found: dict[str, float] = {}
        for (module, _), count in self.requests.items():
            found[module] = found.get(module, 0.0) + count
        return found


class ApiTotals:
    """Turns each reading of the page into totals, remembering every process that was seen."""

    def __init__(self, page: MetricsPage, own: OwnTraffic, clock: Callable[[], float] = steady) -> None:
        self._page = page
        self._own = own
        self._clock = clock
        self._processes: Processes[Key] = Processes(keeps=True)
        self._counts = False
        self._first_look: float | None = None
        self.newest_start: float | None = None

    def read(self, text: str, server: str = "") -> Totals:
        """The totals as of this page, which one of the processes gave. Raises BadAnswer for no page."""
        return self.take(self._page.read(text), server)

    def take(self, sums: Sums, server: str = "") -> Totals:
        """The totals as of these sums of a page."""
        self._counts = self._counts or sums.counts
        started = sums.values.get((START,))
        name = server or (f"{started:f}" if started else "")
        counters = {key: value for key, value in counted(sums).items() if key[0] not in GAUGES}
        from_birth = self._is_young(started)
        process = self._processes.saw(counters, self._clock(), name, started, from_birth=from_birth)
        process.facts = {"/".join(key): value for key, value in sums.values.items() if key[0] in GAUGES}
        in_progress = "/".join((IN_PROGRESS, ALL))
        if in_progress in process.facts and self._own.is_seen(PAGE):
            # the request for this very page is one of those that it counts
            process.facts[in_progress] = max(process.facts[in_progress] - 1, 0.0)
        self.newest_start = max(started or 0.0, self.newest_start or 0.0) or None
        return self._totals()

    def _is_young(self, started: float | None) -> bool:
        """Whether a process that is met now counts from its birth."""
        if self._first_look is None:
            self._first_look = as_wall(self._clock())
            if started is None or started < self._first_look - YOUNG:
                self._own.forget()
        return started is not None and started >= self._first_look - YOUNG

    def _totals(self) -> Totals:
        total = self._processes.total()
        running = self._processes.recent(self._clock())
        gauges = summed(running)
        return Totals(
            requests=self._users(total),
            durations=durations(total),
            in_progress=by_module(gauges),
            cpu_seconds=total.get((CPU,)),
            started=max((p.facts[START] for p in running if START in p.facts), default=None),
            memory=gauges.get(MEMORY),
            open_files=gauges.get(OPEN_FILES),
            most_files=min((p.facts[MOST_FILES] for p in running if MOST_FILES in p.facts), default=None),
            processes=len(running),
            counts=self._counts,
        )

    def _users(self, total: Mapping[Key, float]) -> dict[tuple[str, str], float]:
        """Users' requests by module and class."""
        found = {(key[1], key[2]): value for key, value in total.items() if key[0] == REQUESTS}
        shared = {(key[1], key[2], key[3]): value for key, value in total.items() if key[0] == SHARED}
        for pair, count in self._own.users(shared).items():
            found[pair] = found.get(pair, 0.0) + count
        return found


def counted(sums: Sums) -> dict[Key, float]:
    """The values without those bounds of a histogram that only some of its routes have."""
    most: dict[str, int] = {}
    for key, series in sums.series.items():
        if key[0] == BUCKET:
            most[key[1]] = max(most.get(key[1], 0), series)
    return {
        key: value
        for key, value in sums.values.items()
        if key[0] != BUCKET or sums.series[key] == most[key[1]]
    }


def durations(total: Mapping[Key, float]) -> dict[str, Spread]:
    """The histogram of each module; of the whole backend where it does not tell modules apart."""
    modules = {key[1] for key in total if key[0] == COUNT}
    wanted = modules - {ALL, WHOLE} or modules & {ALL} or modules & {WHOLE}
    buckets: dict[str, dict[float, float]] = {module: {} for module in wanted}
    for key, value in total.items():
        if key[0] == BUCKET and key[1] in wanted:
            buckets[key[1]][float(key[2])] = value
    return {
        ALL if module == WHOLE else module: Spread(
            ordered(found), total.get((SUM, module), 0.0), total[(COUNT, module)]
        )
        for module, found in buckets.items()
    }


def ordered(buckets: Mapping[float, float]) -> dict[float, float]:
    """The buckets by rising bound, without those that would make the cumulative counts fall."""
    kept: dict[float, float] = {}
    highest = 0.0
    for bound in sorted(buckets):
        if buckets[bound] >= highest or bound == inf:
            kept[bound] = highest = max(buckets[bound], highest)
    return kept


def summed(processes: list[Process[Key]]) -> dict[str, float]:
    """The facts of these processes, summed."""
    total: dict[str, float] = {}
    for process in processes:
        for name, value in process.facts.items():
            total[name] = total.get(name, 0.0) + value
    return total


def by_module(gauges: Mapping[str, float]) -> dict[str, float]:
    """Requests in progress, by module."""
    found = ((name.partition("/"), value) for name, value in gauges.items())
    return {module: value for (kind, _, module), value in found if kind == IN_PROGRESS}
