"""How often chance alone burns an error budget: the burn-rate alerts of prometheus/slo.py, in numpy."""

import numpy as np

from benchmarks.calm.rules import Judged, Numbers, bound, firings, increase, ratio
from prometheus.slo import INTERVAL, window_seconds
from prometheus.thresholds import BurnRate, Thresholds

LONGEST = 3  # days that the longest window looks back
STEPS_A_DAY = 86_400 // INTERVAL


def burn_firings(
    rng: np.random.Generator, thresholds: Thresholds, rate: float, failed: float, days: int
) -> dict[str, int]:
    """The alerts of the availability objective by severity, from requests of which this share fails."""
    steps = (days + LONGEST) * STEPS_A_DAY
    drawn = rng.poisson(rate * INTERVAL, steps)
    total, bad = np.cumsum(drawn).astype(float), np.cumsum(rng.binomial(drawn, failed)).astype(float)
    found: dict[str, int] = {}
    for burn in thresholds.burns:
        count = firings(burn_shares(thresholds, burn, bad, total), 0)
        found[burn.severity] = found.get(burn.severity, 0) + count
    return found


def burn_shares(thresholds: Thresholds, burn: BurnRate, bad: Numbers, total: Numbers) -> Judged:
    """1 at the steps of the last days at which this burn rate begins an alert, and at which it keeps one."""
    level = burn.factor * (1 - thresholds.slos["api_availability"].objective)

    def over(seconds: int) -> tuple[Numbers, Numbers]:
        steps = seconds // INTERVAL
        return increase(bad, steps, False), increase(total, steps, False)

    long, short, minute = over(window_seconds(burn.long)), over(window_seconds(burn.short)), over(60)
    burns = (bound(*long, thresholds.significance) > level) & (ratio(*short) > level)
    begins = burns & (ratio(*minute) > level)
    judged = LONGEST * STEPS_A_DAY
    return Judged(*(np.where(it[judged:], 1.0, np.nan) for it in (begins, burns)))
