"""What the rules judge of a module's requests, in numpy: the formulas of prometheus/share_rules.py.

Arrays hold one number for each scrape of the fast lane. Counts are cumulative, as counters are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prometheus.significance import Significance

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

TICK = 0.25  # seconds between two scrapes of the fast lane
SLOW = 60  # ticks between two scrapes of the slow lane
# a window holds the samples of its length but one interval, and increase() extrapolates to its length
SHORT, LATEST = 39, 7  # ticks of 10 s and 2 s
LONG, MINUTE = 19 * SLOW, 3 * SLOW  # ticks of 5 min and 1 min
HISTORY = 40 * SLOW  # ticks that must be known before the first that is judged
LASTING_PART = 0.25
FEW = 5  # requests that the former rule wanted
KEEP = 8  # ticks for which an alert is kept


@dataclass(frozen=True)
class Judged:
    """The share that begins an alert and the share that keeps it, by tick; NaN where there is none."""

    begin: Numbers
    keep: Numbers


def increase(counter: Numbers, ticks: int, extrapolated: bool = True) -> Numbers:
    """The increase over this many ticks; as increase() extrapolates, over one tick more."""
    found = np.full(counter.size, np.nan)
    found[ticks:] = counter[ticks:] - counter[:-ticks]
    if not extrapolated:
        return found
    return found * (ticks + 1) / ticks


def bound(bad: Numbers, total: Numbers, judge: Significance, sign: int = -1) -> Numbers:
    """The lower bound of the share where enough events are bad, or with sign 1 the upper one."""
    square = judge.z**2
    variance = np.maximum(bad - bad**2 / np.maximum(total, 1), 0)
    share: Numbers = (bad + square / 2 + sign * judge.z * np.sqrt(variance + square / 4)) / (total + square)
    if sign < 0:
        share[~(bad >= judge.least)] = np.nan
    return share


def ratio(bad: Numbers, total: Numbers) -> Numbers:
    """The share; NaN without an event."""
    found = np.full(bad.size, np.nan)
    np.divide(bad, total, out=found, where=total > 0)
    return found


def short_share(bad: Numbers, total: Numbers, judge: Significance) -> tuple[Numbers, Numbers]:
    """What ten seconds prove, and how much of it goes on in the last two."""
    proven = bound(increase(bad, SHORT), increase(total, SHORT), judge)
    latest = ratio(increase(bad, LATEST, False), increase(total, LATEST, False))
    return proven, np.minimum(proven, latest)


def judged(bad: Numbers, total: Numbers, judge: Significance) -> Judged:
    """The judged shares from the counters of a module, by tick of the fast lane."""
    proven, begin = short_share(bad, total, judge)
    lasting, still = long_shares(bad, total, judge)
    return Judged(np.fmax(begin, lasting), np.fmax(proven, still))


def plain_ratio(bad: Numbers, total: Numbers) -> Judged:
    """The rule as it was, without a bound: the ratio of at least five requests, and of the last 2 s."""
    every = increase(total, SHORT)
    share = np.where(every >= FEW, ratio(increase(bad, SHORT), every), np.nan)
    latest = ratio(increase(bad, LATEST, False), increase(total, LATEST, False))
    return Judged(np.minimum(share, latest), share)


def long_shares(bad: Numbers, total: Numbers, judge: Significance) -> tuple[Numbers, Numbers]:
    """What five minutes prove, and what of it goes on; recorded every 15 s and held until the next record."""
    slow_bad, slow_total = bad[::SLOW], total[::SLOW]
    all_bad, all_total = (grown(it, LONG // SLOW) for it in (slow_bad, slow_total))
    now_bad, now_total = (grown(it, MINUTE // SLOW) for it in (slow_bad, slow_total))
    latest, proven = ratio(now_bad, now_total), bound(all_bad, all_total, judge)
    lasting = np.minimum(np.minimum(proven, latest), minutes(latest, np.flatnonzero(proven > 0)))
    last_bad, last_total = (increase(it, SHORT)[::SLOW] for it in (bad, total))
    lasting = np.minimum(lasting, ratio(last_bad, last_total))
    still = np.minimum(ratio(all_bad, all_total), bound(now_bad, now_total, judge, 1))
    still = np.minimum(still, bound(last_bad, last_total, judge, 1))
    still[~(latest > 0)] = np.nan
    return np.repeat(lasting, SLOW)[: bad.size], np.repeat(still, SLOW)[: bad.size]


def minutes(latest: Numbers, where: NDArray[np.intp]) -> Numbers:
    """The share that three quarters of the last five minutes pass; one without requests has none."""
    found = np.full(latest.size, np.nan)
    for at in where:
        past = latest[max(at - LONG // SLOW, 0) : at + 1]
        found[at] = np.quantile(past[~np.isnan(past)], LASTING_PART)
    return found


def grown(counter: Numbers, samples: int) -> Numbers:
    """The increase over this many samples of the slow lane, extrapolated to one interval more."""
    found = np.full(counter.size, np.nan)
    found[samples:] = (counter[samples:] - counter[:-samples]) * (samples + 1) / samples
    return found


def firings(shares: Judged, level: float) -> int:
    """How many alerts fire: from a share that begins one to 2 s after the last that keeps it."""
    begin, keep = np.flatnonzero(shares.begin > level), np.flatnonzero(shares.keep > level)
    if not begin.size:
        return 0
    # the runs of what keeps an alert, gaps of up to two seconds within
    starts = keep[np.append(True, np.diff(keep) > KEEP)]
    return int(np.unique(np.searchsorted(starts, begin, side="right")).size)
