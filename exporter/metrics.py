"""Descriptions of metrics, and the families that each scrape makes from them.

A collector declares its metrics at the top of its file; docs/metrics.md is generated from the same.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from prometheus_client import Metric
from prometheus_client.samples import Sample

Row = tuple[Any, ...]  # the label values, then the value
STATUSES = ("healthy", "degraded", "down", "unknown")
SERIES_ENDINGS = ("", "_total", "_bucket", "_sum", "_count")
# the names that the scrape under way selects, all where empty: no series is made for others
selected_names: ContextVar[frozenset[str]] = ContextVar("selected_names", default=frozenset())


@dataclass(frozen=True)
class MetricDesc:
    """The description of one metric family; `name` is the name on the page."""

    name: str
    about: str
    labels: tuple[str, ...] = ()
    kind: ClassVar[str] = "untyped"

    def empty_family(self) -> Metric:
        """An empty family of this description."""
        name = self.name.removesuffix("_total") if self.kind == "counter" else self.name
        return Metric(name, self.about, self.kind)

    def is_selected(self) -> bool:
        """Whether the scrape under way may select any of its series."""
        names, beginning = selected_names.get(), self.name.removesuffix("_total")
        return not names or any(f"{beginning}{ending}" in names for ending in SERIES_ENDINGS)


@dataclass(frozen=True)
class Gauge(MetricDesc):
    """A value that goes up and down."""

    kind: ClassVar[str] = "gauge"

    def family(self, rows: Iterable[Row]) -> Metric:
        """The family with one series a row; a row whose value is None or not finite is left out."""
        family = self.empty_family()
        for *labels, value in rows if self.is_selected() else ():
            if is_finite(value):
                family.samples.append(Sample(self.name, self.label_set(labels), float(value or 0)))
        return family

    def single(self, value: float | None, *labels: str) -> Metric:
        """The family with the one series of these labels."""
        return self.family([(*labels, value)])

    def label_set(self, values: Iterable[str | float | None]) -> dict[str, str]:
        """The label values under their names."""
        return {name: str(value) for name, value in zip(self.labels, values, strict=True)}


@dataclass(frozen=True)
class Counter(Gauge):
    """A value that only goes up, whose name ends in _total."""

    kind: ClassVar[str] = "counter"


@dataclass(frozen=True)
class PlainCounter(Gauge):
    """A counter whose established name lacks _total; OpenMetrics, which refuses it, calls it unknown."""

    kind: ClassVar[str] = "counter"


@dataclass(frozen=True)
class Untyped(Gauge):
    """A value whose established name the rules of its type would refuse: a counter without _total."""

    kind: ClassVar[str] = "untyped"


@dataclass(frozen=True)
class Info(Gauge):
    """Labels of a series that is always 1."""

    kind: ClassVar[str] = "gauge"

    def info(self, *labels: str) -> Metric:
        """The family with the one series of these labels."""
        return self.single(1, *labels)


@dataclass(frozen=True)
class StateGauge(Gauge):
    """One series for each possible state, 1 for the present one; the state is the last label."""

    states: tuple[str, ...] = STATUSES

    def state_family(self, rows: Iterable[tuple[str, ...]]) -> Metric:
        """The family for rows of label values that end with the present state."""
        return self.family(
            (*labels, state, float(state == present)) for (*labels, present) in rows for state in self.states
        )


@dataclass(frozen=True)
class HistogramData:
    """Cumulative counts by upper bound, the sum and the count of all values."""

    buckets: Mapping[float, float]
    total: float
    count: float


@dataclass(frozen=True)
class Histogram(MetricDesc):
    """Counts of values by size, cumulative."""

    kind: ClassVar[str] = "histogram"

    def family(self, rows: Iterable[tuple[tuple[str, ...], HistogramData]]) -> Metric:
        """The family with one histogram for each tuple of label values."""
        family = self.empty_family()
        for values, data in rows if self.is_selected() else ():
            labels = dict(zip(self.labels, values, strict=True))
            family.samples.extend(self.samples(labels, data))
        return family

    def samples(self, labels: dict[str, str], data: HistogramData) -> Iterable[Sample]:
        """The samples of one histogram in the order that Prometheus expects."""
        bounds = [*data.buckets.items()]
        for bound, count in bounds:
            yield Sample(f"{self.name}_bucket", {**labels, "le": bucket_label(bound)}, count)
        if not bounds or isfinite(bounds[-1][0]):
            yield Sample(f"{self.name}_bucket", {**labels, "le": "+Inf"}, data.count)
        yield Sample(f"{self.name}_sum", labels, data.total)
        yield Sample(f"{self.name}_count", labels, data.count)


@dataclass(frozen=True)
class SummaryData:
    """Values by quantile (0 to 1), the sum and the count of all values where known."""

    values: Mapping[float, float | None]
    total: float | None = None
    count: float | None = None


@dataclass(frozen=True)
class Summary(MetricDesc):
    """Quantiles that the source computed."""

    kind: ClassVar[str] = "summary"

    def family(self, rows: Iterable[tuple[tuple[str, ...], SummaryData]]) -> Metric:
        """The family with one summary for each tuple of label values; unknown values are left out."""
        family = self.empty_family()
        for values, data in rows if self.is_selected() else ():
            labels = dict(zip(self.labels, values, strict=True))
            family.samples.extend(s for s in self.samples(labels, data) if is_finite(s.value))
        return family

    def samples(self, labels: dict[str, str], data: SummaryData) -> Iterable[Sample]:
        """The samples of one summary, including unknown ones."""
        for quantile, value in sorted(data.values.items()):
            yield Sample(self.name, {**labels, "quantile": repr(quantile)}, value)  # type: ignore[arg-type]
        yield Sample(f"{self.name}_sum", labels, data.total)  # type: ignore[arg-type]
        yield Sample(f"{self.name}_count", labels, data.count)  # type: ignore[arg-type]


def bucket_label(bound: float) -> str:
    """The `le` label of an upper bound."""
    return repr(float(bound)) if isfinite(bound) else "+Inf"


def is_finite(value: object) -> bool:
    """Whether the value is a finite number; a missing value never becomes 0."""
    try:
        return isinstance(value, int | float) and isfinite(value)
    except OverflowError:  # an integer that no float can hold
        return False


def sum_rows(rows: Iterable[Row]) -> list[Row]:
    """One row for each label set, with the sum of the known values; None where none is known."""
    sums: dict[Row, float | None] = {}
    for *labels, value in rows:
        key = tuple(labels)
        before = sums.get(key)
        sums[key] = before if not is_finite(value) else (before or 0.0) + value
    return [(*labels, value) for labels, value in sums.items()]


def first_rows(rows: Iterable[Row]) -> list[Row]:
    """The first row of each label set."""
    found: dict[Row, object] = {}
    for *labels, value in rows:
        found.setdefault(tuple(labels), value)
    return [(*labels, value) for labels, value in found.items()]


def max_rows(rows: Iterable[Row]) -> list[Row]:
    """The row with the highest value of each label set."""
    found: dict[Row, float] = {}
    for *labels, value in rows:
        key = tuple(labels)
        if is_finite(value):
            found[key] = max(found.get(key, value), value)
    return [(*labels, value) for labels, value in found.items()]
