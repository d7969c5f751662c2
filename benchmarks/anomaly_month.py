"""A month of 13 modules, made up: daily and weekly shape, noise as counts have it, and faults of known kinds.

Everything is drawn from one seed. The series are what the rules record: means and ratios of five minutes, a
row a minute; a ratio of no requests is no number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from demo.settings import MODULES
from exporter.anomaly.ranges import Floats

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
DAYS = 30
MONDAY = 1_700_438_400.0  # 2023-11-20
ROWS_A_DAY = 1440
SIGNALS = ("requests", "error_ratio", "response_time", "queue_length")


@dataclass(frozen=True)
class Month:
    """Times, and the values of each signal of one module."""

    times: Floats
    values: dict[str, Floats]


class Fault(NamedTuple):
    """What goes wrong: in which signal, for how many minutes, and what becomes of its rows."""

    name: str
    signal: str
    minutes: int
    becomes: Callable[[Floats, np.random.Generator], Floats]


def month(number: int) -> Month:
    """The quiet month of one module; busy and idle ones among them."""
    draw = np.random.default_rng(1000 + number)
    times: Floats = MONDAY + MINUTE * np.arange(DAYS * ROWS_A_DAY, dtype=np.float64)
    # requests a minute at the busiest hour: from 30 to 1,200, as modules of one backend differ
    busy = 30 * 40 ** (number / max(len(MODULES) - 1, 1))
    counts: Floats = np.asarray(draw.poisson(busy * shape(times, draw)), dtype=np.float64)
    requests = per_five_minutes(counts)
    errors = per_five_minutes(np.asarray(draw.binomial(counts.astype(int), 0.01), dtype=np.float64))
    with np.errstate(invalid="ignore"):
        ratio = errors / requests
    return Month(
        times,
        {
            "requests": requests / MINUTE,
            "error_ratio": ratio,
            "response_time": np.where(requests > 0, response_times(requests, busy, draw), np.nan),
            "queue_length": queue_length(times, counts, busy, draw),
        },
    )


def shape(times: Floats, draw: np.random.Generator) -> Floats:
    """How busy each minute is: a day's wave, less on weekends, and a slow wander that nobody can foresee."""
    hour = times % DAY / HOUR
    wave = 0.25 + 0.75 * np.exp(-(((hour - 14 + draw.uniform(-2, 2)) / 5) ** 2))
    weekend = (times - MONDAY) // DAY % 7 >= 5
    wander = np.repeat(draw.normal(0, 0.04, len(times) // 30 + 1), 30)[: len(times)]
    smooth = np.convolve(wander, np.ones(60) / 60, "same")
    shaped: Floats = wave * np.where(weekend, 0.5, 1.0) * np.exp(3 * smooth)
    return shaped


def per_five_minutes(counts: Floats) -> Floats:
    """The mean of each minute and the four before it."""
    means: Floats = np.convolve(counts, np.ones(5) / 5)[: len(counts)]
    return means


def response_times(requests: Floats, busy: float, draw: np.random.Generator) -> Floats:
    """A 95th percentile: slower under load, noisier where fewer requests are counted."""
    noise = draw.standard_normal(len(requests)) / np.sqrt(np.maximum(5 * requests, 1))
    slow: Floats = 0.15 * (1 + 0.3 * requests / busy) * np.exp(1.5 * per_five_minutes(noise))
    return slow


def queue_length(times: Floats, counts: Floats, busy: float, draw: np.random.Generator) -> Floats:
    """Jobs that wait: mostly none, and bursts now and then, as imports and mailings make them."""
    length: Floats = np.asarray(draw.poisson(0.5 * counts / busy), dtype=np.float64)
    for start in draw.integers(0, len(times) - 60, 2 * DAYS):
        size = draw.lognormal(3, 0.7)
        length[start : start + 30] += np.round(size * np.exp(-np.arange(30) / 8))
    return length


def hold_values(values: Floats, _: np.random.Generator) -> Floats:
    """The first value, over and over."""
    return np.full(len(values), values[np.isfinite(values)][0])


FAULTS = (
    Fault("outage of 20 minutes", "requests", 20, lambda values, _: 0 * values),
    Fault("half the traffic for 30 minutes", "requests", 30, lambda values, _: 0.5 * values),
    Fault("twice the traffic for 30 minutes", "requests", 30, lambda values, _: 2 * values),
    Fault("flat line of 6 hours", "requests", 360, hold_values),
    Fault("flat line of 6 hours, response time", "response_time", 360, hold_values),
    Fault("a fifth fails for 15 minutes", "error_ratio", 15, lambda values, _: np.nan_to_num(values) + 0.2),
    Fault("twice as slow for 30 minutes", "response_time", 30, lambda values, _: 2 * values),
    Fault("a tenth slower for a day", "response_time", 1440, lambda values, _: 1.1 * values),
    Fault(
        "twice the variance for 12 hours",
        "response_time",
        720,
        lambda values, _: values + (values - smoothed(values)),
    ),
    Fault("ten times a usual burst", "queue_length", 30, lambda values, _: values + 200),
)  # fmt: skip


def smoothed(values: Floats) -> Floats:
    """The values without their noise."""
    known = np.where(np.isfinite(values), values, np.nanmean(values))
    means: Floats = np.convolve(np.pad(known, 30, "edge"), np.ones(61) / 61, "valid")
    return means


def starts(number: int) -> Iterator[int]:
    """Rows at which a fault begins in this module: in the third and fourth week, at any hour."""
    draw = np.random.default_rng(2000 + number)
    for day in (15, 18, 23):
        yield day * ROWS_A_DAY + int(draw.integers(0, ROWS_A_DAY))


def inject_fault(values: Floats, fault: Fault, start: int) -> Floats:
    """The values with the fault in them."""
    became = values.copy()
    rows = slice(start, start + fault.minutes)
    became[rows] = fault.becomes(values[rows], np.random.default_rng(start))
    return became
