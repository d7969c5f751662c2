"""How often chance alone raises an alert on requests: `make bench WHAT=calm-week` (about 5 minutes)."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import report
from benchmarks.calm import check
from benchmarks.calm.burns import burn_firings
from benchmarks.calm.rules import HISTORY, TICK, Numbers, firings, judged, plain_ratio
from prometheus.significance import Significance
from prometheus.thresholds import Thresholds, load

MODULES = 13
FAILED = 0.005  # of the requests fail by chance
DAY, DAYS = 86_400, 7
WINDOWS = 200
# users' requests a second in all: a real day has 4 to 6, the others are a warning to whoever has more
RATES = (6.0, 20.0, 60.0, 200.0)
COLUMNS = (
    "Requests a second, of all modules", "Of the busiest and the quietest", "Requests", "Failed",
    "Critical", "Warnings", "Budget burns: critical", "Warnings", "As judged before: critical", "Warnings",
)  # fmt: skip
TITLE = (
    f"A week of {MODULES} modules, of whose requests {100 * FAILED:g} % fail by chance; alerts that begin. "
    "ApiSlow is judged as the critical alert is, where 5 % may be slow; budgets burn in total:"
)


@dataclass
class Week:
    """What was drawn, and the alerts that began, by severity; before is without any bound."""

    requests: int = 0
    failed: int = 0
    alerts: dict[str, int] = field(default_factory=dict)
    burns: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)


def main() -> int:
    """Check the formulas against promtool, draw the weeks, write the table."""
    given = parser().parse_args()
    thresholds = load()
    with tempfile.TemporaryDirectory() as folder:
        passing, wrong = check.check_windows(thresholds, WINDOWS, Path(folder))
    if wrong:
        sys.stderr.write(wrong)
        return 1
    rows = [week_row(rate, draw_week(thresholds, rate, given.days, given.seed)) for rate in RATES]
    checked = f"{WINDOWS} drawn windows, {passing} of them beyond the warning level: promtool agrees on each."
    sys.stdout.write(
        report.write("calm-week", "make bench WHAT=calm-week", ((f"{checked}\n\n{TITLE}", COLUMNS, rows),))
    )
    return 0


def draw_week(thresholds: Thresholds, rate: float, days: int, seed: int) -> Week:
    """Draw every module day by day and count the alerts on its errors."""
    rng = np.random.default_rng(seed)
    signal = thresholds.signals["api_error_ratio"]
    judge, levels = (signal.share.significance if signal.share else Significance()), signal.levels.given()
    week = Week(alerts=dict.fromkeys(levels, 0), before=dict.fromkeys(levels, 0))
    for module_rate in module_rates(rate):
        for bad, total in drawn_days(rng, module_rate, days):
            week.requests += int(total[-1] - total[HISTORY])
            week.failed += int(bad[-1] - bad[HISTORY])
            shares, former = judged(bad, total, judge), plain_ratio(bad, total)
            for severity, level in levels.items():
                week.alerts[severity] += firings(shares, level)
                week.before[severity] += firings(former, level)
    week.burns = burn_firings(rng, thresholds, rate, FAILED, days)
    return week


def module_rates(rate: float) -> Sequence[float]:
    """Requests a second of each module: the second gets half of the first, the third a third, and so on."""
    shares = 1 / np.arange(1, MODULES + 1)
    return [float(it) for it in rate * shares / shares.sum()]


def drawn_days(rng: np.random.Generator, rate: float, days: int) -> Iterator[tuple[Numbers, Numbers]]:
    """The counters of each day: failed requests and all, at every scrape of the fast lane."""
    ticks = int(DAY / TICK) + HISTORY
    for _ in range(days):
        total = rng.poisson(rate * TICK, ticks)
        bad = rng.binomial(total, FAILED)
        yield np.cumsum(bad).astype(float), np.cumsum(total).astype(float)


def week_row(rate: float, week: Week) -> tuple[str, ...]:
    """One row of the table."""
    rates = module_rates(rate)
    every = (week.alerts, week.burns, week.before)
    counts = [str(found[it]) for found in every for it in ("critical", "warning")]
    return (
        f"{rate:g}", f"{rates[0]:.2g}; {rates[-1]:.2g}", f"{week.requests}", f"{week.failed}", *counts,
    )  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The command line."""
    it = argparse.ArgumentParser(prog="python -m benchmarks.calm_week", description=__doc__)
    it.add_argument("--days", type=int, default=DAYS, help="days to draw (default: %(default)s)")
    it.add_argument("--seed", type=int, default=1, help="seed of the draw (default: %(default)s)")
    return it


if __name__ == "__main__":
    sys.exit(main())
