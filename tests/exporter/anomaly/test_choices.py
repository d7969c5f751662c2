"""How the benchmark makes choices on one half of its series and scores them on the other."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.anomaly_choices import CHOICES, Choice, Half, choose, draw_halves, earnings, option_of, tables
from benchmarks.anomaly_results import JUDGEMENT, shared_scores
from benchmarks.anomaly_sets import SeriesResult
from exporter.anomaly.detector import Detector
from exporter.anomaly.parameters import Parameters
from tests.exporter.anomaly.made_up_series import daily, minutes

# series a wants the low bar and no mean, series b the high bar and the mean; both sets alike
NAMES = ("nab/a", "nab/b", "kpi/a", "kpi/b")
BAR = Choice("bar", ({"threshold": 0.4}, {"threshold": 0.2}))
MEAN = Choice("mean", ({"mean_weight": 0.0}, {"mean_weight": 1.0}))
A, B = frozenset({"nab/a", "kpi/a"}), frozenset({"nab/b", "kpi/b"})


def results(wanted: Iterable[tuple[Parameters, str]]) -> Mapping[tuple[Parameters, str], SeriesResult]:
    """Of two windows or segments each series finds one with the bar that it wants, one with the mean."""
    found = {}
    for parameters, name in wanted:
        wants = (0.2, 0.0) if name.endswith("a") else (0.4, 1.0)
        has = (parameters.threshold, parameters.mean_weight)
        gained = sum(one == other for one, other in zip(wants, has, strict=True))
        found[parameters, name] = SeriesResult(gained if name.startswith("kpi") else 2 * gained - 2, 2, 0)
    return found


def test_a_half_chooses_what_earns_most_on_its_own_series() -> None:
    one, other = choose([Half(A, B), Half(B, A)], [BAR, MEAN], results)
    assert (one.threshold, one.mean_weight) == (0.2, 0.0)
    assert (other.threshold, other.mean_weight) == (0.4, 1.0)


def test_what_a_half_chose_is_scored_on_the_other() -> None:
    halves = [Half(A, B), Half(B, A)]
    (_, _, rows), (_, _, counts) = tables(halves, [BAR, MEAN], results)
    assert [row[1:] for row in rows[:2]] == [("0.00 ± 0.00", "0.00 ± 0.00"), ("1.00 ± 0.00", "1.00 ± 0.00")]
    assert counts == [("bar", "0.4: 1, 0.2: 1"), ("mean", "off: 1, **1: 1**")]


def test_scores_are_those_of_all_series_together() -> None:
    found = {
        (Parameters(), "nab/a"): SeriesResult(
            1.5, 2, 0
        ),  # points: -2 with no window hit, 2 with both at once
        (Parameters(), "nab/b"): SeriesResult(-1.0, 1, 0),
        (Parameters(), "kpi/a"): SeriesResult(3, 4, 1),
        (Parameters(), "kpi/b"): SeriesResult(0, 2, 0),
    }
    assert earnings(found, Parameters(), NAMES) == ((0.5 + 3) / 6, 2 * 3 / (3 + 1 + 6))


def test_halves_share_no_series_and_each_chooses_once() -> None:
    names = [f"{of}/{number}" for of in ("nab", "kpi") for number in range(6)]
    halves = draw_halves(names, 3)
    assert len(halves) == 6
    for one, other in zip(halves[::2], halves[1::2], strict=True):
        assert (one.chosen_on, one.scored_on) == (other.scored_on, other.chosen_on)
        assert one.chosen_on | one.scored_on == set(names)
        assert not one.chosen_on & one.scored_on
        assert sum(name.startswith("kpi") for name in one.chosen_on) == 3


def test_every_choice_has_the_shipped_option_and_does_not_begin_with_it_alone() -> None:
    shipped = [option_of(choice, Parameters()) for choice in CHOICES]
    assert None not in shipped
    assert all(len(choice.options) >= 2 for choice in CHOICES)
    assert 0 not in shipped


def test_parameters_that_share_what_is_observed_score_as_alone() -> None:
    times = minutes(3)
    values = daily(times)
    values[4000:4020] *= 3
    other: dict[str, Any] = {field: not value if isinstance(value, bool) else value / 2 + 0.25
             for field in JUDGEMENT for value in [getattr(Parameters(), field)]
             if field not in ("rise_windows", "cooldown_rows")}  # fmt: skip
    every = [Parameters(), *(replace(Parameters(), **{field: value}) for field, value in other.items())]
    for parameters, score in zip(every, shared_scores(every, times, values), strict=True):
        np.testing.assert_array_equal(score, Detector(parameters).read(times, values).score)
