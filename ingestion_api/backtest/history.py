"""What Prometheus has recorded of a signal, read in pieces so that neither side is hurt."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from ingestion_api.errors import Unavailable
from ingestion_api.prometheus_api import Floats, PrometheusApi, SeriesSamples
from ingestion_api.signals import Signal

DAYS = 7
SPAN = DAYS * 86_400  # seconds
PIECE = 6 * 3600  # 1440 samples of each series, far below the 11 000 points that Prometheus allows
TOTAL_SECONDS = 20.0
SAMPLE_BYTES = 16
MAX_SAMPLES = 3_000_000  # 48 MB
COVERAGE_STEP = 900
EXACT_STEP = 15
LabelKey = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class JudgedSeries:
    """One series of a signal: its value at each time, and the value that must pass for an alert to begin."""

    labels: Mapping[str, str]
    times: Floats
    value: Floats
    begin: Floats


@dataclass(frozen=True)
class SignalHistory:
    """The recorded series, since when they are known and until when, and why not for all seven days.

    `known_since` is None where nothing is recorded."""

    series: list[JudgedSeries]
    known_since: float | None
    until: float
    cut: str = ""


def selectors(name: str, signal: Signal) -> tuple[str, str]:
    """The series of the value and of that which begins an alert, as the rules record them every 15 s.

    Of a fast signal the worst judged value of the last 15 s begins an alert. Of a slow one the rule compares
    the recorded value itself; where it outlives its cause, the latest part of it must pass as well. Of a
    share the bound is compared, which exists only where enough events were bad.
    """
    value = f'ops:signal:bound{{signal="{name}"}}' if signal.share else f'ops:signal{{signal="{name}"}}'
    if signal.lane == "fast":
        worst = f'ops:signal:worst{{signal="{name}"}}'
        return (value if signal.outlives_cause else worst), worst
    return value, f'ops:signal:latest{{signal="{name}"}}' if signal.outlives_cause else value


def read_history(api: PrometheusApi, name: str, signal: Signal, until: float) -> SignalHistory:
    """Seven days, the newest piece first; what takes too long or is too much is cut off and said so.

    Unavailable where not even the newest piece can be read."""
    started = time.monotonic()
    collected = _Pieces()
    known = _recorded_since(api, name, signal, until)
    since, cut, end = until, "", until
    while end > max(until - SPAN, until if known is None else known):
        try:
            collected.add(api, selectors(name, signal), end)
        except Unavailable as error:
            if end == until:
                raise
            cut = error.detail
            break
        since = end = end - PIECE
        if cut := _limit_reached(time.monotonic() - started, collected.size):
            break
    known_since = None if known is None else max(known, since, until - SPAN)
    return SignalHistory(collected.judged(), known_since, until, cut)


def _limit_reached(seconds: float, size: int) -> str:
    if seconds > TOTAL_SECONDS:
        return f"Prometheus took longer than {TOTAL_SECONDS:g} s for the whole history."
    return (
        f"The history has more than {MAX_SAMPLES} samples, or as much in labels."
        if size > MAX_SAMPLES
        else ""
    )


def _recorded_since(api: PrometheusApi, name: str, signal: Signal, until: float) -> float | None:
    """Since when the rules of this signal have been evaluated: they record its levels all the time."""
    severity = next(iter(signal.given()))
    level = f'ops:threshold:file{{signal="{name}",severity="{severity}"}}'
    start = until - SPAN
    found = api.evaluate(f"max(count_over_time({level}[{COVERAGE_STEP}s]))", start, until, COVERAGE_STEP)
    if not found:
        return None
    # the coarse step says within which quarter of an hour, a second look when
    coarse = float(found[0].times[0])
    exact = api.evaluate(f"max({level})", coarse - COVERAGE_STEP, coarse, EXACT_STEP)
    return float(exact[0].times[0]) if exact else coarse - COVERAGE_STEP


@dataclass
class _Pieces:
    """The samples read so far by label set, of the value and of what begins an alert; newest piece first."""

    value: dict[LabelKey, list[SeriesSamples]] = field(default_factory=dict)
    begin: dict[LabelKey, list[SeriesSamples]] = field(default_factory=dict)
    size: int = 0

    def add(self, api: PrometheusApi, names: tuple[str, str], end: float) -> None:
        """Read the piece that ends then."""
        value, begin = names
        self._keep(self.value, api.raw_samples(value, end, PIECE))
        if begin != value:
            self._keep(self.begin, api.raw_samples(begin, end, PIECE))

    def _keep(self, into: dict[LabelKey, list[SeriesSamples]], read: Iterable[SeriesSamples]) -> None:
        for it in read:
            into.setdefault(tuple(sorted(it.labels.items())), []).append(it)
            # labels take room as well: series that have one sample each are not for nothing
            self.size += it.times.size + sum(map(len, chain(*it.labels.items()))) // SAMPLE_BYTES

    def judged(self) -> list[JudgedSeries]:
        """Each series with both values at the same times."""
        return [
            _judged(dict(key), self.value.get(key, []), self.begin.get(key, []), bool(self.begin))
            for key in sorted({*self.value, *self.begin})
        ]


def _judged(
    labels: dict[str, str], value: list[SeriesSamples], begin: list[SeriesSamples], differs: bool
) -> JudgedSeries:
    labels.pop("signal", None)
    if not differs:
        times, values = _joined(value)
        return JudgedSeries(labels, times, values, values)
    (value_times, values), (begin_times, begins) = _joined(value), _joined(begin)
    times = np.union1d(value_times, begin_times)
    return JudgedSeries(labels, times, _at(times, value_times, values), _at(times, begin_times, begins))


def _joined(pieces: list[SeriesSamples]) -> tuple[Floats, Floats]:
    """The pieces one after another; a sample on the border of two is there once."""
    if not pieces:
        return np.empty(0), np.empty(0)
    times = np.concatenate([it.times for it in reversed(pieces)])
    values = np.concatenate([it.values for it in reversed(pieces)])
    unique, first = np.unique(times, return_index=True)
    return unique, values[first]


def _at(times: Floats, known: Floats, values: Floats) -> Floats:
    """The values at these times; NaN, which passes no level, where there is none."""
    result = np.full(times.size, np.nan)
    result[np.searchsorted(times, known)] = values
    return result
