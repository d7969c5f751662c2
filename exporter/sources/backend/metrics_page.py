"""Parses the backend's own /metrics fast: hundreds of kilobytes, several times a second.

The names are those of prometheus-fastapi-instrumentator. The key of a series is computed once and then
looked up in a dictionary. Lines that cannot be parsed are skipped.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from exporter.errors import InvalidResponse
from exporter.sources.backend.own_requests import OwnRequests
from exporter.sources.backend.routes import RouteModules

SampleKey = tuple[str, ...]  # the kind of sample, then its labels
REQUESTS, BUCKET, SUM, COUNT, IN_PROGRESS = "requests", "bucket", "sum", "count", "in progress"
SHARED = "shared"  # requests to a route that we request as well, by route
NO_ROUTE = "all"  # the module of a series without a route
NO_ROUTE_PRECISE = "whole"  # and of the histogram with fine buckets
DURATION, PRECISE = "http_request_duration_seconds", "http_request_duration_highr_seconds"
HISTOGRAM_SUFFIXES = {"bucket": BUCKET, "sum": SUM, "count": COUNT}
PROCESS_METRICS = (
    "process_start_time_seconds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
)
SERIES_PATTERN = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?")
LABEL_PATTERN = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
MAX_VALUE = 1e300  # so that the sum over all series of a page is finite
MAX_SERIES = 50_000  # keys that are cached
PAGES_BETWEEN_RESETS = 1000  # pages after which a full cache is cleared


@dataclass
class SummedSamples:
    """The samples of one page, summed over routes: values by key, and how many series each sums."""

    values: Counter[SampleKey] = field(default_factory=Counter)
    series: Counter[SampleKey] = field(default_factory=Counter)

    @property
    def counts_requests(self) -> bool:
        """Whether the backend counts requests; with its metrics off it has no such series."""
        return any(value for key, value in self.values.items() if key[0] in (REQUESTS, SHARED))


class MetricsParser:
    """Parses pages, and caches the key of each series."""

    def __init__(self, routes: RouteModules, in_progress: Iterable[str], own: OwnRequests) -> None:
        self._routes = routes
        self._own = own
        self._in_progress = tuple(in_progress)
        self._wanted = (
            "http_requests_total{",
            f"{DURATION}_",
            f"{PRECISE}_",
            *PROCESS_METRICS,
            *self._in_progress,
        )
        self._keys_by_series: dict[str, SampleKey | None] = {}
        self._pages = 0

    def parse(self, text: str) -> SummedSamples:
        """The sums of this page. Raises InvalidResponse for a text that is no page of metrics."""
        self._reset_if_full()
        found = SummedSamples()
        values, series, keys = found.values, found.series, self._keys_by_series
        for line in text.split("\n"):
            if not line.startswith(self._wanted):
                continue
            name, _, digits = line.rpartition(" ")
            key = keys[name] if name in keys else self._learn_key(name)
            value = parse_number(digits)
            if key is not None and value is not None:
                values[key] += value  # type: ignore[assignment]  # typeshed lets a Counter hold integers only
                series[key] += 1
        if not values and "# TYPE " not in text:
            raise InvalidResponse("backend /metrics returned something that is no page of metrics")
        return found

    def _reset_if_full(self) -> None:
        self._pages += 1
        if self._pages >= PAGES_BETWEEN_RESETS:
            self._pages = 0
            if len(self._keys_by_series) >= MAX_SERIES:
                self._keys_by_series.clear()

    def _learn_key(self, series: str) -> SampleKey | None:
        match = SERIES_PATTERN.fullmatch(series)
        key = self._key(match[1], dict(LABEL_PATTERN.findall(match[2] or ""))) if match else None
        if len(self._keys_by_series) < MAX_SERIES:
            self._keys_by_series[series] = key
        return key

    def _key(self, name: str, labels: dict[str, str]) -> SampleKey | None:
        if name in PROCESS_METRICS:
            return (name,)
        handler = labels.get("handler", "")
        module = self._routes.module(handler) if "handler" in labels else NO_ROUTE
        if name == "http_requests_total":
            return self._request_key(handler, module, labels)
        if name in self._in_progress:
            return (IN_PROGRESS, module)
        base, _, part = name.rpartition("_")
        kind = HISTOGRAM_SUFFIXES.get(part)
        if (
            kind is None
            or base not in (DURATION, PRECISE)
            or not self._routes.is_timed(handler)
            or self._own.is_requested(self._routes.relative(handler))
        ):
            return None
        module = NO_ROUTE_PRECISE if base == PRECISE else module
        if kind != BUCKET:
            return (kind, module)
        bound = parse_number(labels.get("le", ""), highest=inf)
        return None if bound is None else (BUCKET, module, repr(bound))

    def _request_key(self, handler: str, module: str, labels: dict[str, str]) -> SampleKey:
        status, route = status_class(labels.get("status", "")), self._routes.relative(handler)
        # our requests are GET
        if labels.get("method", "GET") != "GET" or not self._own.is_requested(route):
            return (REQUESTS, module, status)
        return (SHARED, module, status, route)


def status_class(status: str) -> str:
    """`2xx` for 200 and for `2xx`; `other` for what is no HTTP status."""
    return f"{status[0]}xx" if len(status) == 3 and status[0] in "12345" else "other"


def parse_number(digits: str, highest: float = MAX_VALUE) -> float | None:
    """The number that these digits are; None below zero or above the highest."""
    try:
        value = float(digits)
    except ValueError:
        return None
    return value if 0 <= value <= highest else None
