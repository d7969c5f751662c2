"""Reads the backend's own /metrics fast: a page of hundreds of kilobytes, several times a second.

The names are those of prometheus-fastapi-instrumentator. What a series means is worked out when it is first
seen; later it costs one look into a dictionary. Lines that cannot be read are left out.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from exporter.errors import BadAnswer
from exporter.sources.backend.own_traffic import OwnTraffic
from exporter.sources.backend.routes import Routes

Key = tuple[str, ...]  # what is counted, then its labels
REQUESTS, BUCKET, SUM, COUNT, IN_PROGRESS = "requests", "bucket", "sum", "count", "in progress"
SHARED = "shared"  # requests to a route that we request as well, told apart by route
ALL = "all"  # the module of a series that names no route
WHOLE = "whole"  # and of the histogram that has fine buckets and never names one
DURATION, PRECISE = "http_request_duration_seconds", "http_request_duration_highr_seconds"
PARTS = {"bucket": BUCKET, "sum": SUM, "count": COUNT}
PROCESS = (
    "process_start_time_seconds",
    "process_resident_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
)
SERIES = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
FINITE = 1e300  # whose sum over all series of a page is finite
MOST_SERIES = 50_000  # meanings that are remembered
RENEWED = 1000  # pages after which they are learnt anew, where series come and go


@dataclass
class Sums:
    """What one page says, summed over routes: values by key, and how many series each of them sums."""

    values: Counter[Key] = field(default_factory=Counter)
    series: Counter[Key] = field(default_factory=Counter)

    @property
    def counts(self) -> bool:
        """Whether the backend counts requests at all; with its metrics off it has no such series."""
        return any(value for key, value in self.values.items() if key[0] in (REQUESTS, SHARED))


class MetricsPage:
    """Knows what each series of the page means for us."""

    def __init__(self, routes: Routes, in_progress: Iterable[str], own: OwnTraffic) -> None:
        self._routes = routes
        self._own = own
        self._in_progress = tuple(in_progress)
        self._wanted = ("http_requests_total{", f"{DURATION}_", f"{PRECISE}_", *PROCESS, *self._in_progress)
        self._meanings: dict[str, Key | None] = {}
        self._pages = 0

    def read(self, text: str) -> Sums:
        """The sums of this page. Raises BadAnswer for a text that is no page of metrics."""
        self._forget()
        found = Sums()
        values, series, meanings = found.values, found.series, self._meanings
        for line in text.split("\n"):
            if not line.startswith(self._wanted):
                continue
            name, _, digits = line.rpartition(" ")
            key = meanings[name] if name in meanings else self._learn(name)
            value = number(digits)
            if key is not None and value is not None:
                values[key] += value  # type: ignore[assignment]  # typeshed lets a Counter hold integers only
                series[key] += 1
        if not values and "# TYPE " not in text:
            raise BadAnswer("backend /metrics answered with something that is no page of metrics")
        return found

    def _forget(self) -> None:
        self._pages += 1
        if self._pages >= RENEWED:
            self._pages = 0
            if len(self._meanings) >= MOST_SERIES:
                self._meanings.clear()

    def _learn(self, series: str) -> Key | None:
        match = SERIES.fullmatch(series)
        key = self._meaning(match[1], dict(LABEL.findall(match[2] or ""))) if match else None
        if len(self._meanings) < MOST_SERIES:
            self._meanings[series] = key
        return key

    def _meaning(self, name: str, labels: dict[str, str]) -> Key | None:
        if name in PROCESS:
            return (name,)
        handler = labels.get("handler", "")
        module = self._routes.module(handler) if "handler" in labels else ALL
        if name == "http_requests_total":
            return self._requests(handler, module, labels)
        if name in self._in_progress:
            return (IN_PROGRESS, module)
        base, _, part = name.rpartition("_")
        kind = PARTS.get(part)
        if (
            kind is None
            or base not in (DURATION, PRECISE)
            or not self._routes.is_timed(handler)
            or self._own.requests(self._routes.relative(handler))
        ):
            return None
        module = WHOLE if base == PRECISE else module
        if kind != BUCKET:
            return (kind, module)
        bound = number(labels.get("le", ""), highest=inf)
        return None if bound is None else (BUCKET, module, repr(bound))

    def _requests(self, handler: str, module: str, labels: dict[str, str]) -> Key:
        status, route = status_class(labels.get("status", "")), self._routes.relative(handler)
        # what we request is GET
        if labels.get("method", "GET") != "GET" or not self._own.requests(route):
            return (REQUESTS, module, status)
        return (SHARED, module, status, route)


def status_class(status: str) -> str:
    """`2xx` for 200 and for `2xx`; `other` for what is no HTTP status."""
    return f"{status[0]}xx" if len(status) == 3 and status[0] in "12345" else "other"


def number(digits: str, highest: float = FINITE) -> float | None:
    """The number from zero up to the highest that these digits are."""
    try:
        value = float(digits)
    except ValueError:
        return None
    return value if 0 <= value <= highest else None
