"""`make bench WHAT=dashboards`: does every query answer, and what does a dashboard cost over a week?

`ROW=cost` leaves the first out. `ROW=walk` does neither: it goes from the overview to cause and action under
each fault of the demo, or under those that ROW names after it.
"""

import argparse
import sys
from collections.abc import Sequence

from benchmarks.dashboards import cost, truth, walk
from benchmarks.dashboards.cost import RANGES, Cost
from benchmarks.dashboards.truth import Outcome
from benchmarks.report import Row, write

NAME, COMMAND = "dashboards", "make bench WHAT=dashboards"
# seconds of a first screen, of a query over a week, of Prometheus' processor for a refresh; requests
FIRST_SCREEN, QUERY, REFRESH, REQUESTS = 0.3, 0.1, 0.06, 14

SLOWEST = ("Slowest query over 7 d", "Slowest beside five others")
HEAD = (
    "Dashboard", "Requests", *(f"First screen, {it}" for it in RANGES), *(f"All, {it}" for it in RANGES),
    *SLOWEST,
)  # fmt: skip


def main() -> int:
    """Measure and write the tables; 1 where a query is silent, wrong, or a dashboard too slow."""
    command_line = argparse.ArgumentParser(prog="python -m benchmarks.dashboards", description=__doc__)
    command_line.add_argument("row", nargs="*", help="cost, or walk and the names of faults")
    chosen, *faults = command_line.parse_args().row or [""]
    return (
        walks(faults) if chosen == "walk" else answers_and_costs([] if chosen == "cost" else truth.measured())
    )


def walks(faults: Sequence[str]) -> int:
    """Go the ways of these faults, or of all; 1 where one of them cannot be gone."""
    found = walk.measured(faults)
    told_of = "From the overview to the cause and to the action, in clicks"
    sys.stdout.write(
        write(f"{NAME}-walk", f"{COMMAND} ROW=walk", [(told_of, walk.HEAD, [*map(walk.row, found)])])
    )
    return told([f"{it.fault}: {sentence}" for it in found for sentence in it.wrong])


def answers_and_costs(outcomes: Sequence[Outcome]) -> int:
    """Tell what answered, and measure what it costs."""
    with cost.a_week() as (prometheus, end, series, samples):
        refresh, costs = cost.refresh(prometheus, end), list(cost.costs(prometheus, end))
        held = f"{cost.version()} with {series} series, {samples / 1e6:.0f} million samples of 7 days"
    took = f"{refresh * 1000:.0f} ms of Prometheus' processor time (median)"
    refreshed = f"A refresh of the overview takes {took}."
    asked = f"A request a panel, {cost.AT_ONCE} at a time, by {held}; best of {cost.TIMES}, ms."
    tables = [(f"{asked} {refreshed}", HEAD, lines(costs))]
    if outcomes:
        words = "On the running system, these queries answer:"
        tables.insert(0, (words, ("System", "Queries", "Answer", "After"), shares(outcomes)))
    sys.stdout.write(write(NAME, COMMAND, tables))
    silent = [it for outcome in outcomes for it in outcome.silent]
    slow = [f"a refresh of the overview takes {refresh:.3f} s"] if refresh > REFRESH else []
    return told([*silent, *wrong(costs), *slow])


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
        f"{it.target.panel} {it.target.letter}, {it.seconds * 1000:.0f} ms"
        for it in (week.alone, week.slowest)
    )
    first = (f"{it.first_screen * 1000:.0f}" for it in costs)
    whole = (f"{it.whole * 1000:.0f}" for it in costs)
    return (week.board, str(week.requests), *first, *whole, *slowest)


def wrong(costs: Sequence[Cost]) -> list[str]:
    """Queries that are refused, and dashboards that ask too much or take too long."""
    found = [error for it in costs for error in it.errors]
    for it in costs:
        if it.first_screen > FIRST_SCREEN:
            found.append(f"the first screen of {it.board} takes {it.first_screen:.2f} s over {it.shown}")
        if it.alone.seconds > QUERY:
            found.append(f"{it.alone.target.name} takes {it.alone.seconds:.2f} s over {it.shown}")
        if it.requests > REQUESTS:
            found.append(f"the first screen of {it.board} makes {it.requests} requests")
    return found


def told(sentences: Sequence[str]) -> int:
    """Tell what falls short."""
    sys.stdout.writelines(f"{sentence}\n" for sentence in sentences)
    return int(bool(sentences))


if __name__ == "__main__":
    sys.exit(main())
