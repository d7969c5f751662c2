"""The value of an alert's signal over time, its levels, and the self-reports that disagreed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from ingestion_api.prometheus_api import Floats, PrometheusApi, SeriesSamples
from ingestion_api.signals import Signal
from ingestion_api.store.tables.alerts import SEVERITIES

RECORDED_EVERY = 15  # seconds
MAX_POINTS = 240
PART = "incident_part"


@dataclass(frozen=True)
class SignalTimeline:
    """Values and levels at Unix times in seconds; `disagreements` are the times of each by subject.

    A subject is (subject, reported, observed).
    """

    times: Floats
    values: Floats
    levels: Mapping[str, SeriesSamples]
    disagreements: Mapping[tuple[str, str, str], Floats] = field(default_factory=dict)

    def worst(self, direction: str) -> tuple[float, float] | None:
        """The value that is farthest on the bad side, and its time; None without any."""
        known = np.isfinite(self.values)
        if not known.any():
            return None
        values, times = self.values[known], self.times[known]
        at = int(np.argmax(values) if direction == "above" else np.argmin(values))
        return float(values[at]), float(times[at])


@dataclass(frozen=True)
class Subject:
    """Of which alert the timeline is read: its signal, and its labels."""

    name: str
    signal: Signal
    labels: Mapping[str, str]


def step_of(seconds: float) -> int:
    """The step of a timeline of this length, in seconds."""
    return max(RECORDED_EVERY, int(np.ceil(seconds / MAX_POINTS)))


def read_timeline(api: PrometheusApi, subject: Subject, start: datetime, end: datetime) -> SignalTimeline:
    """The timeline between two moments, by one query; Unavailable with the reason.

    A point is the worst value of its step.
    """
    since, until = start.timestamp(), end.timestamp()
    step = step_of(until - since)
    return _timeline(api.evaluate(_expression(subject, step), since, until + step, step), subject)


def _expression(subject: Subject, step: int) -> str:
    name, signal = subject.name, subject.signal
    extreme = "max" if signal.direction == "above" else "min"
    # of a fast signal the worst of each 15 s is recorded
    series = "ops:signal:worst" if signal.lane == "fast" else "ops:signal"
    value = f'{extreme}_over_time({series}{{signal="{name}"}}[{max(step, 30)}s])'
    disagree = (
        f"max by (subject, reported, observed) (max_over_time(ops_self_report_disagrees[{step}s])) == 1"
    )
    parts = {
        "value": value,
        "level": f'max by (severity) (ops:threshold{{signal="{name}"}})',
        "disagreement": disagree,
    }
    return " or ".join(f'label_replace({query}, "{PART}", "{part}", "", "")' for part, query in parts.items())


def _timeline(found: Sequence[SeriesSamples], subject: Subject) -> SignalTimeline:
    parts: dict[str, list[SeriesSamples]] = {}
    for it in found:
        parts.setdefault(it.labels.get(PART, ""), []).append(it)
    value = _own_series(parts.get("value", ()), subject.labels)
    disagreements = {
        tuple(it.labels.get(name, "") for name in ("subject", "reported", "observed")): it.times
        for it in parts.get("disagreement", ())
    }
    return SignalTimeline(
        value.times if value else np.empty(0),
        value.values if value else np.empty(0),
        dict(_levels(parts.get("level", ()))),
        disagreements,  # type: ignore[arg-type]  # mypy knows no length of such a tuple
    )


def _levels(found: Iterable[SeriesSamples]) -> Iterator[tuple[str, SeriesSamples]]:
    for it in found:
        severity, known = it.labels.get("severity", ""), np.isfinite(it.values)
        if severity in SEVERITIES and known.any():
            yield severity, SeriesSamples(it.labels, it.times[known], it.values[known])


def _own_series(found: Iterable[SeriesSamples], labels: Mapping[str, str]) -> SeriesSamples | None:
    """The series whose labels the alert has; that with most labels, where several are."""
    own = [
        it
        for it in found
        if all(labels.get(k) == v for k, v in it.labels.items() if k not in (PART, "signal"))
    ]
    return max(own, key=lambda it: len(it.labels), default=None)
