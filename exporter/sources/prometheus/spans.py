"""Which times are still to be asked for: one a period, more after a pause, nine days at the start."""

import math
from collections.abc import Iterator

from exporter.anomaly.tuning import DAY, DAYS

# the week that the season remembers, and a window of what lies outside of it
PAST = (DAYS + 2) * DAY
LONGEST = DAY / 4  # in one answer
# rules are evaluated on time, but what they record is there a moment later
SETTLED = 5.0

Span = tuple[float, float]


def spans(until: float | None, now: float, period: float) -> Iterator[Span]:
    """First and last time of each answer, both whole periods, after `until` and in order."""
    end = math.floor((now - SETTLED) / period) * period
    earliest = math.floor((end - PAST) / period) * period
    begin = earliest if until is None else max(until + period, earliest)
    step = math.floor(LONGEST / period) * period
    while begin <= end:
        yield begin, min(begin + step, end)
        begin += step + period
