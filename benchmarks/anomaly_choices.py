"""Every choice of the detector, made on one half of some series and scored on the other.

Choices are made one after another: each takes the option that earns most on the half, given the choices
before. They begin with the first options, where all is off that can be, and not with the shipped values.
"""

import math
import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from benchmarks.anomaly_sets import KPI, NAB, SeriesResult
from benchmarks.report import Row
from exporter.anomaly.parameters import Parameters

OFF_ROWS = 10**9  # longer than any series
OFF_MOVE = 1e9
Option = Mapping[str, Any]  # fields of Parameters


class Choice(NamedTuple):
    """Something of the detector that was chosen, and among what; first without it, where it can be off."""

    name: str
    options: tuple[Option, ...]


class Half(NamedTuple):
    """The series on which is chosen, and those on which the choice is scored."""

    chosen_on: frozenset[str]
    scored_on: frozenset[str]


def options(field: str, *values: Any) -> tuple[Option, ...]:
    """Values of one field."""
    return tuple({field: value} for value in values)


def weighted(feature: str, *others: Option) -> tuple[Option, ...]:
    """A feature off, and on with each of these fields."""
    return ({f"{feature}_weight": 0.0}, *({f"{feature}_weight": 1.0, **it} for it in others))


CHOICES = (
    Choice("bar, ranges", options("threshold", 0.4, 0.3, 0.25, 0.2)),
    Choice("window, rows", options("window", 3000, 1500, 750)),
    Choice("silence after an alert, rows", options("cooldown_rows", 1, 12, 24, 48)),
    Choice("rise of the bar by an alert", options("threshold_rise", 0.0, 0.5, 1.0)),
    Choice("windows for which it stays risen", options("rise_windows", 2, 4, 8)),
    Choice("clip of what enters, ranges", options("clip", math.inf, 0.4, 0.3, 0.2)),
    Choice("short mean, rows", weighted("mean", {"mean_rows": 12}, {"mean_rows": 24}, {"mean_rows": 48})),
    Choice("time of day (1: on)", options("season_weight", 0.0, 1.0)),
    Choice("same weekday (1: on)", options("weekday", False, True)),
    Choice("jump, rows", weighted("jump", {"jump_rows": 5}, {"jump_rows": 10})),
    Choice("least range of a jump", options("floor", 0.0, 0.5, 1.0)),
    Choice("spread, weight", options("spread_weight", 0.0, 1.0, 1.5, 2.0)),
    Choice("spread, rows", options("spread_rows", 120, 60, 30)),
    Choice("limit of a move in the spread", options("max_move", OFF_MOVE, 3.0)),
    Choice("sudden change, weight", options("change_weight", 0.0, 1.0, 1.5, 2.0)),
    Choice("sudden change, rows", options("change_rows", 1, 3, 5)),
    Choice("sudden change, rows before", options("change_baseline_rows", 60, 30, 15)),
    Choice("flat line, rows", options("flat_rows", OFF_ROWS, 120, 60)),
    Choice("learning, rows", options("learn", 480, 240, 120)),
    Choice("strong from, bars", options("strong", 3.0, 2.0, 1.5)),
)
Table = tuple[str, Row, list[Row]]
Found = Mapping[tuple[Parameters, str], SeriesResult]
Results = Callable[[Iterable[tuple[Parameters, str]]], Found]


def first_options(choices: Sequence[Choice]) -> Parameters:
    """The parameters with the first option of every choice."""
    return replace(Parameters(), **{key: it for choice in choices for key, it in choice.options[0].items()})


def draw_halves(names: Iterable[str], pairs: int, seed: int = 1) -> list[Half]:
    """Random halves of both sets; of each pair of halves each is chosen on once."""
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    sets = [sorted(name for name in names if name.startswith(f"{of}/")) for of in (NAB, KPI)]
    halves = []
    for _ in range(pairs):
        one = frozenset(name for of in sets for name in draw.sample(of, len(of) // 2))
        other = frozenset(name for of in sets for name in of) - one
        halves += [Half(one, other), Half(other, one)]
    return halves


def choose(
    halves: Sequence[Half], choices: Sequence[Choice], results: Results, passes: int = 1
) -> list[Parameters]:
    """What is chosen on each half; all make the same choice at a time, and so share what is computed."""
    chosen = [first_options(choices)] * len(halves)
    for choice in [*choices] * passes:
        tried = [[replace(it, **option) for option in choice.options] for it in chosen]
        wanted = {
            (parameters, name)
            for half, row in zip(halves, tried, strict=True)
            for parameters in row
            for name in half.chosen_on
        }
        found = results(wanted)
        chosen = [best(found, row, half) for half, row in zip(halves, tried, strict=True)]
    return chosen


def best(found: Found, tried: Sequence[Parameters], half: Half) -> Parameters:
    """Of these parameters those that earn most on the half that chooses; of equal ones the first."""
    return max(tried, key=lambda it: sum(earnings(found, it, half.chosen_on)))


def earnings(found: Found, parameters: Parameters, names: Iterable[str]) -> tuple[float, float]:
    """What these series earn: the standard score of the one set as a share, and the F1 of the other."""
    nab, kpi = (
        total(found[parameters, name] for name in names if name.startswith(f"{of}/")) for of in (NAB, KPI)
    )
    score = (nab.gained + nab.wanted) / (2 * nab.wanted) if nab.wanted else 0.0
    alerts = kpi.gained + kpi.false + kpi.wanted
    return score, 2 * kpi.gained / alerts if alerts else 0.0


def total(results: Iterable[SeriesResult]) -> SeriesResult:
    """The sum of what series add."""
    gained, wanted, false = zip(*results, strict=True)
    return SeriesResult(sum(gained), sum(wanted), sum(false))


def tables(
    halves: Sequence[Half], choices: Sequence[Choice], results: Results, passes: int = 1
) -> list[Table]:
    """What the choices earn on the half that made them and on the other, and how often each was made."""
    chosen, shipped = choose(halves, choices, results, passes), Parameters()
    names = halves[0].chosen_on | halves[0].scored_on
    found = results({(it, name) for it in (*chosen, shipped) for name in names})
    pairs = [*zip(chosen, halves, strict=True)]
    own = spread(earnings(found, it, half.chosen_on) for it, half in pairs)
    other = spread(earnings(found, it, half.scored_on) for it, half in pairs)
    flattered = spread(earnings(found, shipped, half.scored_on) for half in halves)
    rows: list[Row] = [
        ("chosen on a half, scored on the other", *other),
        ("the same, scored on the half that chose", *own),
        ("as shipped (chosen on all), on the other half", *flattered),
    ]
    title = (
        f"{len(choices)} choices made one by one on each of {len(halves)} random halves (passes: {passes}), "
        "mean ± standard deviation:"
    )
    return [
        (title, ("Parameters", "Standard score of the first set, of 1", "F1 of the second"), rows),
        ("How many halves chose what; the shipped one is bold:", ("Choice", "Options"),
         [count(it, chosen) for it in choices]),
    ]  # fmt: skip


def spread(earned: Iterable[tuple[float, float]]) -> Row:
    """Mean and standard deviation of both scores."""
    return tuple(
        f"{statistics.mean(of):.2f} ± {statistics.stdev(of):.2f}" for of in zip(*earned, strict=True)
    )


def count(choice: Choice, chosen: Iterable[Parameters]) -> Row:
    """How often each option of a choice was chosen."""
    times = Counter(option_of(choice, it) for it in chosen)
    shipped = option_of(choice, Parameters())
    words = [f"{name}: {times[number]}" for number, name in enumerate(map(label, choice.options))]
    return choice.name, ", ".join(f"**{it}**" if number == shipped else it for number, it in enumerate(words))


def option_of(choice: Choice, parameters: Parameters) -> int | None:
    """The number of the option that these parameters have; None where they have another."""
    has = asdict(parameters)
    fits = (
        number
        for number, it in enumerate(choice.options)
        if all(has[key] == value for key, value in it.items())
    )
    return next(fits, None)


def label(option: Option) -> str:
    """An option as a word."""
    values = [value for key, value in option.items() if not (key.endswith("_weight") and len(option) > 1)]
    if values[0] in (False, 0.0, math.inf, OFF_ROWS, OFF_MOVE):
        return "off"
    return " to ".join(f"{it:g}" for it in values)
