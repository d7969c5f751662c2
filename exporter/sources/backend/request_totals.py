"""The requests of the backend's users, by module, over all processes behind its URL.

They are counted since our first poll. Earlier counts of a process are ignored unless it is younger than a
minute: neither our restart nor a process that we discover late may look like current requests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

from exporter.clock import steady_time, to_wall_time
from exporter.metrics import HistogramData
from exporter.sources.backend.metrics_page import (
    BUCKET,
    COUNT,
    IN_PROGRESS,
    NO_ROUTE,
    NO_ROUTE_PRECISE,
    PROCESS_METRICS,
    REQUESTS,
    SHARED,
    SUM,
    MetricsParser,
    SampleKey,
    SummedSamples,
)
from exporter.sources.backend.own_requests import OwnRequests
from exporter.sources.backend.processes import ProcessCounterMerger, ServerProcess

START, MEMORY, CPU, OPEN_FILES, MAX_FILES = PROCESS_METRICS
YOUNG_SECONDS = 60.0  # age up to which a new process is counted from its start
METRICS_PATH = "/metrics"
GAUGE_KEYS = (START, MEMORY, OPEN_FILES, MAX_FILES, IN_PROGRESS)


@dataclass(frozen=True)
class RequestTotals:
    """The totals of the backend's /metrics: requests by module and status class, durations, processes."""

    requests: Mapping[tuple[str, str], float]
    durations: Mapping[str, HistogramData]
    in_progress: Mapping[str, float]
    cpu_seconds: float | None
    started: float | None  # Unix seconds at which the newest process started
    memory: float | None
    open_files: float | None
    max_files: float | None  # of one process
    processes: int
    counts_requests: bool  # False with the backend's metrics off

    def errors_by_module(self) -> dict[str, float]:
        """Requests that ended in a server error, by module."""
        found: dict[str, float] = {}
        for (module, status), count in self.requests.items():
            found[module] = found.get(module, 0.0) + (count if status == "5xx" else 0.0)
        return found

    def requests_by_module(self) -> dict[str, float]:
        """All requests, by module."""
        found: dict[str, float] = {}
        for (module, _), count in self.requests.items():
            found[module] = found.get(module, 0.0) + count
        return found


class ApiTotalsTracker:
    """Turns each page into totals over all processes that ever responded."""

    def __init__(
        self, parser: MetricsParser, own: OwnRequests, clock: Callable[[], float] = steady_time
    ) -> None:
        self._parser = parser
        self._own = own
        self._clock = clock
        self._processes: ProcessCounterMerger[SampleKey] = ProcessCounterMerger(keep_totals=True)
        self._counts = False
        self._first_read_at: float | None = None
        self.newest_start: float | None = None

    def update_from_page(self, text: str, server: str = "") -> RequestTotals:
        """The totals as of this page of one process. Raises InvalidResponse for a text that is no page."""
        return self.update(self._parser.parse(text), server)

    def update(self, sums: SummedSamples, server: str = "") -> RequestTotals:
        """The totals as of these samples of one process."""
        self._counts = self._counts or sums.counts_requests
        started = sums.values.get((START,))
        name = server or (f"{started:f}" if started else "")
        counters = {key: value for key, value in comparable_samples(sums).items() if key[0] not in GAUGE_KEYS}
        from_start = self._is_young(started)
        process = self._processes.record(counters, self._clock(), name, started, from_start=from_start)
        process.gauges = {"/".join(key): value for key, value in sums.values.items() if key[0] in GAUGE_KEYS}
        in_progress = "/".join((IN_PROGRESS, NO_ROUTE))
        if in_progress in process.gauges and self._own.is_counted(METRICS_PATH):
            # the page counts the request for itself
            process.gauges[in_progress] = max(process.gauges[in_progress] - 1, 0.0)
        self.newest_start = max(started or 0.0, self.newest_start or 0.0) or None
        return self._totals()

    def _is_young(self, started: float | None) -> bool:
        """Whether a process that is new now is counted from its start."""
        if self._first_read_at is None:
            self._first_read_at = to_wall_time(self._clock())
            if started is None or started < self._first_read_at - YOUNG_SECONDS:
                self._own.reset()
        return started is not None and started >= self._first_read_at - YOUNG_SECONDS

    def _totals(self) -> RequestTotals:
        total = self._processes.total()
        running = self._processes.recent(self._clock())
        gauges = sum_gauges(running)
        return RequestTotals(
            requests=self._users_requests(total),
            durations=duration_histograms(total),
            in_progress=in_progress_by_module(gauges),
            cpu_seconds=total.get((CPU,)),
            started=max((p.gauges[START] for p in running if START in p.gauges), default=None),
            memory=gauges.get(MEMORY),
            open_files=gauges.get(OPEN_FILES),
            max_files=min((p.gauges[MAX_FILES] for p in running if MAX_FILES in p.gauges), default=None),
            processes=len(running),
            counts_requests=self._counts,
        )

    def _users_requests(self, total: Mapping[SampleKey, float]) -> dict[tuple[str, str], float]:
        """Users' requests by module and class."""
        found = {(key[1], key[2]): value for key, value in total.items() if key[0] == REQUESTS}
        shared = {(key[1], key[2], key[3]): value for key, value in total.items() if key[0] == SHARED}
        for pair, count in self._own.users_requests(shared).items():
            found[pair] = found.get(pair, 0.0) + count
        return found


def comparable_samples(sums: SummedSamples) -> dict[SampleKey, float]:
    """The samples without histogram bounds that only some routes have."""
    most: dict[str, int] = {}
    for key, series in sums.series.items():
        if key[0] == BUCKET:
            most[key[1]] = max(most.get(key[1], 0), series)
    return {
        key: value
        for key, value in sums.values.items()
        if key[0] != BUCKET or sums.series[key] == most[key[1]]
    }


def duration_histograms(total: Mapping[SampleKey, float]) -> dict[str, HistogramData]:
    """The histogram of each module, or of the whole backend if it has no routes."""
    modules = {key[1] for key in total if key[0] == COUNT}
    wanted = modules - {NO_ROUTE, NO_ROUTE_PRECISE} or modules & {NO_ROUTE} or modules & {NO_ROUTE_PRECISE}
    buckets: dict[str, dict[float, float]] = {module: {} for module in wanted}
    for key, value in total.items():
        if key[0] == BUCKET and key[1] in wanted:
            buckets[key[1]][float(key[2])] = value
    return {
        NO_ROUTE if module == NO_ROUTE_PRECISE else module: HistogramData(
            monotonic_buckets(found), total.get((SUM, module), 0.0), total[(COUNT, module)]
        )
        for module, found in buckets.items()
    }


def monotonic_buckets(buckets: Mapping[float, float]) -> dict[float, float]:
    """The buckets in order of their bounds, without those that would make cumulative counts fall."""
    kept: dict[float, float] = {}
    highest = 0.0
    for bound in sorted(buckets):
        if buckets[bound] >= highest or bound == inf:
            kept[bound] = highest = max(buckets[bound], highest)
    return kept


def sum_gauges(processes: list[ServerProcess[SampleKey]]) -> dict[str, float]:
    """The gauges of these processes, summed."""
    total: dict[str, float] = {}
    for process in processes:
        for name, value in process.gauges.items():
            total[name] = total.get(name, 0.0) + value
    return total


def in_progress_by_module(gauges: Mapping[str, float]) -> dict[str, float]:
    """Requests in progress, by module."""
    found = ((name.partition("/"), value) for name, value in gauges.items())
    return {module: value for (kind, _, module), value in found if kind == IN_PROGRESS}
