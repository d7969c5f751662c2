"""`make bench-dashboards`: does every query answer, and what does a dashboard cost over a week?"""

import sys
from collections.abc import Sequence

from benchmarks.dashboards import cost, truth
from benchmarks.dashboards.cost import RANGES, Cost
from benchmarks.dashboards.truth import Outcome
from benchmarks.report import Row, write

NAME, COMMAND = "dashboards", "make bench-dashboards"
TARGET = 1.0


def main() -> int:
    """Measure both and write the tables; 1 where a query is silent, wrong, or a dashboard too slow."""
    outcomes = truth.measured()
    with cost.a_week() as (prometheus, end, series, samples):
        costs = list(cost.costs(prometheus, end))
        held = f"{cost.version()} with {series} series, {samples / 1e6:.0f} million samples of 7 days"
    tables = [
        ("On the running system, these queries answer:",
         ("System", "Queries", "Answer", "After"), shares(outcomes)),
        (f"All queries of a dashboard, {cost.AT_ONCE} at a time, by {held}; best of {cost.TIMES}, ms:",
         ("Dashboard", "Queries", *RANGES, "7 d, first time", "Slowest query over 7 d"), lines(costs)),
    ]  # fmt: skip
    sys.stdout.write(write(NAME, COMMAND, tables))
    return told([*(it for outcome in outcomes for it in outcome.silent), *wrong(costs)])


def shares(outcomes: Sequence[Outcome]) -> list[Row]:
    """How many queries answered in each state of the system."""
    return [
        (it.system, str(it.queries), str(it.queries - len(it.silent)), f"{it.seconds:.0f} s")
        for it in outcomes
    ]


def lines(costs: Sequence[Cost]) -> list[Row]:
    """A line for each dashboard."""
    names = dict.fromkeys(it.board for it in costs)
    return [line([it for it in costs if it.board == name]) for name in names]


def line(costs: Sequence[Cost]) -> Row:
    """The costs of one dashboard over each range."""
    week = costs[-1]
    slowest = (
        f"{week.slowest.target.panel} {week.slowest.target.letter}, {week.slowest.seconds * 1000:.0f} ms"
    )
    best = (f"{it.best * 1000:.0f}" for it in costs)
    return (week.board, str(week.queries), *best, f"{week.first * 1000:.0f}", slowest)


def wrong(costs: Sequence[Cost]) -> list[str]:
    """Queries that are refused, and dashboards that take too long."""
    slow = [f"{it.board} takes {it.best:.2f} s over {it.shown}" for it in costs if it.best > TARGET]
    return [*(error for it in costs for error in it.errors), *slow]


def told(sentences: Sequence[str]) -> int:
    """Tell what falls short."""
    sys.stdout.writelines(f"{sentence}\n" for sentence in sentences)
    return int(bool(sentences))


if __name__ == "__main__":
    sys.exit(main())
