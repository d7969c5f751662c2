"""How often each severity of a signal would have fired with the levels in force, and with others."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from ingestion_api.backtest.history import DAYS, JudgedSeries, SignalHistory, read_history
from ingestion_api.backtest.simulation import STEP, FiringInterval, RuleTimes, firing_intervals
from ingestion_api.errors import Conflict, Unavailable
from ingestion_api.prometheus_api import PrometheusApi
from ingestion_api.signals import Signal

# seconds that an alert fires on, as prometheus/signal_rules.py writes it into the rules
KEEP_FIRING = {"fast": 2.0, "slow": 60.0}
CACHE_SECONDS = 60.0
CACHED_SIGNALS = 2
WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Firing:
    """One interval in which an alert would have fired: the labels of its series and Unix times."""

    labels: Mapping[str, str]
    start: float
    end: float


@dataclass(frozen=True)
class SeverityCount:
    """What one level would have raised; `level` is None where the signal is not watched."""

    severity: str
    level: float | None
    firings: Sequence[Firing]

    @property
    def times(self) -> int:
        """How often it would have fired."""
        return len(self.firings)

    @property
    def seconds(self) -> float:
        """For how long together."""
        return math.fsum(it.end - it.start for it in self.firings)


@dataclass(frozen=True)
class BacktestResult:
    """The severities with the levels in force and with those wanted, the mildest first.

    `known_since` is None where nothing is recorded; `cut` tells why older history was not read."""

    in_force: Sequence[SeverityCount]
    wanted: Sequence[SeverityCount]
    known_since: float | None
    until: float
    cut: str
    sentence: str


def moment_of(seconds: float) -> datetime:
    """A Unix time as a moment in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


class Backtests:
    """Backtests from one Prometheus: one at a time, the history of the latest signals cached."""

    def __init__(self, api: PrometheusApi | None) -> None:
        self._api = api
        self._lock = Lock()
        self._cached: dict[str, tuple[Signal, SignalHistory]] = {}

    def close(self) -> None:
        """Close all connections."""
        if self._api is not None:
            self._api.close()

    @property
    def is_configured(self) -> bool:
        """Whether there is a Prometheus to query."""
        return self._api is not None

    def run(
        self,
        name: str,
        signal: Signal,
        levels: tuple[Mapping[str, float], Mapping[str, float]],
        now: float,
    ) -> BacktestResult:
        """Compare the levels in force with those wanted; Conflict or Unavailable with the reason."""
        history = self._history(name, signal, now)
        in_force, wanted = (_counts(history.series, signal, it) for it in levels)
        sentence = _sentence(in_force, wanted, history)
        return BacktestResult(in_force, wanted, history.known_since, history.until, history.cut, sentence)

    def _history(self, name: str, signal: Signal, now: float) -> SignalHistory:
        if self._api is None:
            raise Conflict("No backtest can be made: prometheus_url is not set.")
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise Unavailable("Another backtest is running; try again shortly.")
        try:
            cached = self._cached.get(name)
            if cached and cached[0] == signal and cached[1].until <= now < cached[1].until + CACHE_SECONDS:
                return cached[1]
            history = read_history(self._api, name, signal, now)
            self._cached.pop(name, None)
            self._cached[name] = (signal, history)
            while len(self._cached) > CACHED_SIGNALS:
                del self._cached[next(iter(self._cached))]
            return history
        finally:
            self._lock.release()


def _counts(
    series: Sequence[JudgedSeries], signal: Signal, levels: Mapping[str, float]
) -> list[SeverityCount]:
    """What each severity would have raised; a severity without a level raises nothing."""
    return [
        SeverityCount(
            severity,
            levels.get(severity),
            _firings(series, signal, levels[severity]) if severity in levels else (),
        )
        for severity in signal.given()
    ]


def _firings(series: Sequence[JudgedSeries], signal: Signal, level: float) -> list[Firing]:
    found = (
        Firing(it.labels, interval.start, interval.end)
        for it in series
        for interval in _series_intervals(it, signal, level)
    )
    return sorted(found, key=lambda it: it.start)


def _series_intervals(series: JudgedSeries, signal: Signal, level: float) -> list[FiringInterval]:
    """When the alert of one series would have fired at this level."""
    above = signal.direction == "above"
    value, begin = (it > level if above else it < level for it in (series.value, series.begin))
    rule = RuleTimes(signal.hold_seconds, KEEP_FIRING[signal.lane])
    if signal.lane == "slow":
        return firing_intervals(series.times, value & begin, value, rule)
    # the worst value tells of the 15 s before its sample, the value of its own moment
    found = firing_intervals(series.times, begin, value | begin, rule)
    return [FiringInterval(it.start - STEP, it.end) for it in found]


def _sentence(
    in_force: Sequence[SeverityCount], wanted: Sequence[SeverityCount], history: SignalHistory
) -> str:
    """The outcome in one sentence; the gravest severity first."""
    if history.known_since is None:
        return "Nothing of this signal was recorded in the last 7 days, so there is nothing to compare."
    hours = (history.until - history.known_since) / 3600
    period = (
        f"{DAYS} days" if hours > DAYS * 24 - 1 else f"{hours:.0f} hours" if hours >= 2 else _minutes(hours)
    )
    pairs = [*zip(wanted, in_force, strict=True)][::-1]
    parts = [f"{VERBS[new.severity]} {_compared(new.times, old.times)}" for new, old in pairs]
    return f"With these levels the last {period} would have {' and '.join(parts)}."


def _compared(new: int, old: int) -> str:
    return f"{_times(new)}, as now" if new == old else f"{_times(new)} instead of {_times(old)}"


def _minutes(hours: float) -> str:
    """A time of less than two hours, in minutes."""
    return f"{max(60 * hours, 2):.0f} minutes"


VERBS = {"critical": "paged", "warning": "warned", "info": "informed"}


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
