"""Queries of Prometheus, each small enough to be read between two scrapes."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from exporter.anomaly.parameters import DAY, DAYS
from exporter.sources.prometheus.series import Labels

WATCHED = "ops:watched"
# the week of the seasonal baseline, and a window of the detector
HISTORY_SECONDS = (DAYS + 2) * DAY
# samples in one response: of all series, and of one, of which Prometheus allows 11,000
ROWS, STEPS = 20_000, 10_000
# steps of a query of one series below which it is not divided: something else is wrong then
MIN_STEPS = 100
# statuses of a query that is too long or that Prometheus cannot read, of one that reads too many samples,
# and of one that takes Prometheus too long
UNREADABLE, TOO_MANY_SAMPLES, TOO_SLOW = (400, 413, 414, 431), 422, (503, 504)
PLAIN_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# rules run on time, but their samples appear a moment later
RECORDING_DELAY = 5.0


class RangeQuery(NamedTuple):
    """These series (selectors of PromQL) from `begin` to `end`, both whole periods."""

    selectors: tuple[str, ...]
    begin: float
    end: float

    def path(self, period: float) -> str:
        """The path of the query, for one time or for a range."""
        query = " or ".join(self.selectors)
        if self.begin == self.end:
            return f"/api/v1/query?{urlencode({'query': query, 'time': self.end})}"
        times = {"query": query, "start": self.begin, "end": self.end, "step": period}
        return f"/api/v1/query_range?{urlencode(times)}"

    def halves(self, period: float) -> tuple["RangeQuery", ...]:
        """This query in halves: by time, else by series; none where it cannot be smaller."""
        steps = self.steps(period) - 1
        if steps:
            middle = self.begin + steps // 2 * period
            return self._replace(end=middle), self._replace(begin=middle + period)
        return self.halves_by_series()

    def steps(self, period: float) -> int:
        """The samples of each series that it asks for."""
        return round((self.end - self.begin) / period) + 1

    def halves_by_series(self) -> tuple["RangeQuery", ...]:
        """This query in halves of its series; none where it has one selector."""
        half = len(self.selectors) // 2
        parts = (self.selectors[:half], self.selectors[half:])
        return tuple(self._replace(selectors=part) for part in parts) if half else ()


def latest_complete_time(now: float, period: float) -> float:
    """The end of the last period whose samples are all recorded."""
    return math.floor((now - RECORDING_DELAY) / period) * period


def queries_since(until: float, end: float, period: float, series: int) -> Iterator[RangeQuery]:
    """Queries of all series after `until`; about `series` of them are known."""
    begin = max(until + period, math.floor((end - HISTORY_SECONDS) / period) * period)
    yield from query_ranges((WATCHED,), begin, end, period, max(ROWS // max(series, 1), 1))


def history_queries(series: Sequence[Labels], end: float, period: float) -> Iterator[RangeQuery]:
    """Queries of the history of these series, few in each: many samples of one cost less than few of many."""
    begin = math.floor((end - HISTORY_SECONDS) / period) * period
    steps = min(round(HISTORY_SECONDS / period) + 1, STEPS)
    keys = sorted({key for labels in series for key, _ in labels})
    count = max(ROWS // steps, 1)
    for first in range(0, len(series), count):
        selectors = tuple(selector(labels, keys) for labels in series[first : first + count])
        yield from query_ranges(selectors, begin, end, period, STEPS)


def query_ranges(
    selectors: tuple[str, ...], begin: float, end: float, period: float, steps: int
) -> Iterator[RangeQuery]:
    """Queries of these series over this time, at most `steps` in each."""
    while begin <= end:
        last = min(begin + (steps - 1) * period, end)
        yield RangeQuery(selectors, begin, last)
        begin = last + period


def selector(labels: Labels, keys: Sequence[str]) -> str:
    """The PromQL selector of this series alone: labels that it lacks are matched as empty."""
    values = dict(labels)
    matchers = ",".join(f"{quote_name(key)}={quote(values.get(key, ''))}" for key in keys)
    return f"{WATCHED}{{{matchers}}}"


def quote_name(key: str) -> str:
    """The name of a label in PromQL; since version 3 it may hold any character."""
    return key if PLAIN_NAME.fullmatch(key) else quote(key)


def quote(text: str) -> str:
    """The text as a PromQL string, without what no label of Prometheus can hold."""
    text = text.encode(errors="replace").decode()
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
