"""When alerts fired, from the samples of `ALERTS` in Prometheus, read in pieces of bounded size."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from ingestion_api.alerts.webhook import INHIBITOR
from ingestion_api.errors import Unavailable
from ingestion_api.prometheus_api import Floats, PrometheusApi, SeriesSamples

SELECTOR = f'ALERTS{{alertstate="firing",alertname!="{INHIBITOR}"}}'
PIECE = 3600  # seconds of one query
SMALLEST_PIECE = 5
FAST, SLOW = 0.25, 30.0  # seconds between two evaluations, where there are not two samples
LEAST_GAP = 2.0
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PastFiring:
    """One interval in which an alert fired: its labels without the external ones."""

    labels: Mapping[str, str]
    start: datetime
    end: datetime


@dataclass
class _Run:
    """An interval as far as it has been read: first and latest sample, and seconds between samples."""

    start: float
    last: float
    spacing: float

    @property
    def gap(self) -> float:
        """Seconds without a sample after which it has ended."""
        return max(3 * self.spacing, LEAST_GAP)


@dataclass
class HistoryReader:
    """Reads the intervals from one moment to another; `open` are those that go on where reading stands."""

    api: PrometheusApi
    open: dict[Labels, _Run] = field(default_factory=dict)

    def read(self, since: float, until: float) -> Iterator[list[PastFiring]]:
        """The intervals that ended, piece by piece, the oldest first; Unavailable with the reason."""
        piece, at = PIECE, since
        while at < until:
            end = min(at + piece, until)
            try:
                series = self.api.raw_samples(SELECTOR, end, max(1, round(end - at)))
            except Unavailable:
                # perhaps it was too much at once
                if piece <= SMALLEST_PIECE:
                    raise
                piece //= 4
                continue
            yield [*self._ended(series, end)]
            at, piece = end, min(PIECE, 2 * piece)

    def _ended(self, series: Iterable[SeriesSamples], end: float) -> Iterator[PastFiring]:
        for it in series:
            labels = tuple(sorted((k, v) for k, v in it.labels.items() if k != "alertstate"))
            yield from self._add(labels, it.times)
        for labels, run in [*self.open.items()]:
            if run.last + run.gap < end:
                del self.open[labels]
                yield _past(labels, run)

    def _add(self, labels: Labels, times: Floats) -> Iterator[PastFiring]:
        spacing = _spacing(labels, times)
        breaks = np.flatnonzero(np.diff(times) > max(3 * spacing, LEAST_GAP))
        firsts, lasts = [0, *(breaks + 1)], [*breaks, times.size - 1]
        for first, last in zip(firsts, lasts, strict=True):
            before = self.open.get(labels)
            if before is not None and times[first] - before.last > before.gap:
                yield _past(labels, before)
                before = None
            start = before.start if before else float(times[first])
            self.open[labels] = _Run(start, float(times[last]), spacing)


def _spacing(labels: Labels, times: Floats) -> float:
    if times.size > 1:
        return float(np.median(np.diff(times)))
    return FAST if ("lane", "fast") in labels else SLOW


def _past(labels: Labels, run: _Run) -> PastFiring:
    # an alert resolves at the first evaluation without it
    end = datetime.fromtimestamp(round(run.last + run.spacing, 3), UTC)
    return PastFiring(dict(labels), datetime.fromtimestamp(round(run.start, 3), UTC), end)


def external_labels(
    api: PrometheusApi, known: Sequence[Mapping[str, str]], at: float
) -> Mapping[str, str] | None:
    """The labels that Prometheus adds to alerts on their way to Alertmanager, from what both know.

    `known` are labels of alerts as Alertmanager has them. None where none of them fired at that Unix time.
    """
    votes: Counter[Labels] = Counter()
    by_name: dict[str, list[Mapping[str, str]]] = {}
    for labels in known:
        by_name.setdefault(labels.get("alertname", ""), []).append(labels)
    # what fired lately will do as well
    for it in api.evaluate(f"last_over_time({SELECTOR}[5m])", at, at, 1):
        ours = {(k, v) for k, v in it.labels.items() if k != "alertstate"}
        more = [
            {*labels.items()} - ours
            for labels in by_name.get(it.labels.get("alertname", ""), ())
            if ours <= {*labels.items()}
        ]
        if more:
            votes[min((tuple(sorted(each)) for each in more), key=len)] += 1
    return dict(votes.most_common(1)[0][0]) if votes else None
