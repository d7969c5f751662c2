"""What a row of feedback counts as, and what the metrics of a model say."""

from typing import Any

import pytest

from exporter.sources.database.recommendations import (
    ModelEvaluation,
    RecommendationStats,
    group_stats,
    parse_boolean,
    parse_evaluation,
    sum_groups,
    unescape,
)
from exporter.sources.database.time_windows import WINDOWS, to_unix_time


@pytest.mark.parametrize(
    ("kind", "clicked", "useful", "counted"),
    [
        ("view", None, None, (1, 0, 0, 0)),
        ("view", False, True, (1, 0, 0, 0)),  # only what was clicked is rated
        ("view", True, True, (1, 1, 1, 1)),
        ("click", None, None, (0, 1, 0, 0)),
        ("click", True, False, (0, 1, 1, 0)),
        ("click", False, True, (0, 1, 1, 1)),
        ("rating", None, True, (0, 0, 0, 0)),
        ("rating", False, None, (1, 0, 0, 0)),
        ("rating", True, None, (1, 1, 0, 0)),
    ],
)
def test_a_row_is_an_impression_a_click_or_both(
    kind: str, clicked: bool | None, useful: bool | None, counted: tuple[int, ...]
) -> None:
    assert group_stats(kind, clicked, useful, 3.0) == RecommendationStats(*(3.0 * one for one in counted))


@pytest.mark.parametrize(
    ("impressions", "clicks", "ratio"),
    [(10, 5, 0.5), (5, 5, 1.0), (4, 5, None), (0, 0, None), (1, 0, 0.0), (0.5, 0, None)],
)
def test_the_ratio_of_clicks_needs_all_impressions(
    impressions: float, clicks: float, ratio: float | None
) -> None:
    assert RecommendationStats(impressions, clicks).click_through == ratio


def test_satisfaction_is_a_share_of_the_ratings() -> None:
    assert RecommendationStats(rated=4, useful=1).satisfaction == 0.25
    assert RecommendationStats(useful=1).satisfaction is None


def test_groups_are_summed_by_strategy_and_by_kind() -> None:
    found = sum_groups(
        [
            ("view", "graph", "false", None, 1, 2, 3),
            ("click", "graph", "true", "true", 1, 1, 1),
            ("click", "", "1", "0", 0, 1, 4),
            ("click", None, "1", None, 0, 0, 1),
        ]
    )
    assert found.stats["graph", "1d"] == RecommendationStats(1, 1, 1, 1)
    assert found.stats["graph", "30d"] == RecommendationStats(3, 1, 1, 1)
    assert found.stats["unknown", "30d"] == RecommendationStats(0, 5, 4, 0)
    assert {window: found.by_type["click", window] for window in WINDOWS} == {"1d": 1, "7d": 2, "30d": 6}


@pytest.mark.parametrize(
    ("text", "plain"),
    [(r"a\u0041b", "aAb"), (r"\ud83d\ude00", "\U0001f600"), (r"\ud83d", "\ufffd"), ("a", "a")],
)
def test_escapes_that_the_database_kept_are_decoded(text: str, plain: str) -> None:
    assert unescape(text) == plain


@pytest.mark.parametrize(
    ("value", "meaning"),
    [(True, True), ("Yes", True), (1, True), ("false", False), (0, False), (None, None), ("maybe", None)],
)
def test_a_field_is_a_boolean_in_many_words(value: object, meaning: bool | None) -> None:
    assert parse_boolean(value) is meaning


@pytest.mark.parametrize(
    ("metrics", "precision", "recall", "at"),
    [
        ({"precision": 1, "recall": 0, "timestamp": 50}, 1.0, 0.0, 50.0),
        ({"precision": 1.01, "recall": -0.01}, None, None, 7.0),
        ({"precision": 31, "precision_at_10": 0.31, "precision_at_5": 0.2}, 0.31, None, 7.0),
        ('{"recall_at_5": 0.5, "evaluation_date": "1970-01-01", "timestamp": 5}', None, 0.5, 0.0),
        ("{", None, None, 7.0),
        ([0.5], None, None, 7.0),
        (None, None, None, 7.0),
    ],
)
def test_precision_and_recall_are_shares_of_1(
    metrics: Any, precision: float | None, recall: float | None, at: float
) -> None:
    assert parse_evaluation("m", metrics, 7.0) == ModelEvaluation("m", precision, recall, at)


def test_a_time_of_a_column_without_a_zone_is_utc() -> None:
    assert to_unix_time("1970-01-01 00:01:00.5") == 60.5
    assert to_unix_time(None) is None
