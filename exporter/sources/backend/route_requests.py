"""Requests by route, as the backend's own page counts them: what public FastAPI dashboards read.

Nothing is left out of these counts, our own requests included. They are summed over the processes behind the
URL, each since its start.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from exporter.cardinality import LabelLimiter
from exporter.clock import steady_time
from exporter.errors import InvalidResponse
from exporter.metrics import HistogramData
from exporter.settings import Settings
from exporter.sources.backend.metrics_page import LABEL_PATTERN, SERIES_PATTERN, parse_number
from exporter.sources.backend.processes import ProcessCounterMerger

Labels = tuple[tuple[str, str], ...]  # in the order of their names, without `le`
SeriesKey = tuple[str, Labels, str]  # the name, the labels, and the bound of a bucket
COUNTED = (
    "http_requests_total",
    "http_request_duration_seconds",
    "http_request_duration_highr_seconds",
    "http_request_size_bytes",
    "http_response_size_bytes",
)
START = "process_start_time_seconds"
METHODS, STATUSES = 20, 60  # values of these labels that are kept by name


@dataclass
class RoutePage:
    """The samples of one page of one process."""

    counters: Counter[SeriesKey] = field(default_factory=Counter)
    in_progress: Counter[Labels] = field(default_factory=Counter)
    started: float | None = None


@dataclass(frozen=True)
class RouteRequests:
    """The counters over all processes, and requests in progress by labels."""

    counters: Mapping[SeriesKey, float]
    in_progress: Mapping[Labels, float]

    def counts(self, name: str) -> Iterator[tuple[dict[str, str], float]]:
        """Labels and value of each series of a counter."""
        return ((dict(key[1]), value) for key, value in self.counters.items() if key[0] == name)

    def histograms(self, name: str) -> Iterator[tuple[dict[str, str], HistogramData]]:
        """Labels and value of each histogram; without buckets, those of a summary."""
        totals = dict(self._by_labels(f"{name}_sum"))
        buckets: dict[Labels, dict[float, float]] = {}
        for (sample, labels, bound), value in self.counters.items():
            if sample == f"{name}_bucket":
                buckets.setdefault(labels, {})[float(bound)] = value
        for labels, count in self._by_labels(f"{name}_count"):
            found = dict(sorted(buckets.get(labels, {}).items()))
            yield dict(labels), HistogramData(found, totals.get(labels, 0.0), count)

    def _by_labels(self, sample: str) -> Iterator[tuple[Labels, float]]:
        return ((key[1], value) for key, value in self.counters.items() if key[0] == sample)


class RouteRequestsTracker:
    """Sums the pages of the processes; the first routes keep their names, later ones are `other`."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = steady_time) -> None:
        limits = settings.limits
        self._in_progress = settings.backend.in_progress_metrics
        self._limiters = {
            "handler": LabelLimiter(limits.routes, limits.label_length),
            "method": LabelLimiter(METHODS, limits.label_length),
            "status": LabelLimiter(STATUSES, limits.label_length),
        }
        self._processes: ProcessCounterMerger[SeriesKey] = ProcessCounterMerger(keep_totals=True)
        self._clock = clock

    def update(self, text: str, server: str = "") -> RouteRequests:
        """The requests as of this page. Raises InvalidResponse for a text that is no page."""
        page = self.parse(text)
        name = server or (f"{page.started:f}" if page.started else "")
        process = self._processes.record(page.counters, self._clock(), name, page.started)
        process.gauges = {repr(labels): value for labels, value in page.in_progress.items()}
        return RouteRequests(self._processes.total(), self._running(page.in_progress))

    def _running(self, known: Iterable[Labels]) -> dict[Labels, float]:
        """Requests in progress in all processes that responded lately."""
        running = self._processes.recent(self._clock())
        return {labels: sum(it.gauges.get(repr(labels), 0.0) for it in running) for labels in known}

    def parse(self, text: str) -> RoutePage:
        """The samples of the page. Raises InvalidResponse for a text that is no page."""
        page = RoutePage()
        wanted = (*COUNTED, *self._in_progress, START)
        for line in text.split("\n"):
            if line.startswith(wanted):
                self._add(page, line)
        if not page.counters and "# TYPE " not in text:
            raise InvalidResponse("backend /metrics returned something that is no page of metrics")
        return page

    def _add(self, page: RoutePage, line: str) -> None:
        series, _, digits = line.rpartition(" ")
        match, value = SERIES_PATTERN.fullmatch(series), parse_number(digits)
        if match is None or value is None:
            return
        name, labels = match[1], dict(LABEL_PATTERN.findall(match[2] or ""))
        if name == START:
            page.started = value
        elif name in self._in_progress:
            page.in_progress[self._labels(labels)] += value  # type: ignore[assignment]  # typeshed: integers
        elif is_counter(name):
            bound = parse_number(labels.get("le", "0"), highest=inf)
            if bound is not None:
                page.counters[name, self._labels(labels), repr(bound)] += value  # type: ignore[assignment]

    def _labels(self, labels: Mapping[str, str]) -> Labels:
        """The known labels, with a bounded number of values."""
        return tuple((name, it.name(labels[name])) for name, it in self._limiters.items() if name in labels)


def is_counter(name: str) -> bool:
    """Whether the series is one of those that are counted: not the time at which it was created."""
    base, _, part = name.rpartition("_")
    return name in COUNTED or (base in COUNTED and part in ("bucket", "sum", "count"))
