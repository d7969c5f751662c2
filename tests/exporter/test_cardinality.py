"""Label values are bounded in number and in length, and what has no name of its own is `other`."""

import pytest

from exporter.cardinality import LabelLimiter, label_by_rank, sanitize_label, top_n


@pytest.mark.parametrize(
    ("text", "label"),
    [("abcd", "abcd"), ("abcde", "abc…"), ("a\nb", "a?b"), ("a\nbc", "a?bc"), ("a\nbcd", "a?b…"), ("", "")],
)
def test_a_label_value_is_printable_and_no_longer_than_allowed(text: str, label: str) -> None:
    assert sanitize_label(text, 4) == label


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (3, {"a": 5.0, "b": 2.0, "c": 2.0}),
        (2, {"a": 5.0, "b": 2.0, "other": 2.0}),
        (1, {"a": 5.0, "other": 4.0}),
        (0, {"other": 9.0}),
    ],
)
def test_the_biggest_keep_their_names_and_the_rest_is_summed(count: int, shown: dict[str, float]) -> None:
    assert top_n({"c": 2.0, "b": 2.0, "a": 5.0}, count) == shown


def test_names_that_are_cut_to_the_same_label_are_one_series() -> None:
    assert top_n({"abcd1": 5.0, "abcd2": 4.0, "x": 1.0}, 2, length=4) == {"abc…": 9.0, "other": 1.0}


def test_what_is_named_like_the_rest_is_counted_with_it() -> None:
    assert top_n({"other": 5.0, "b": 4.0, "c": 1.0}, 2) == {"other": 6.0, "b": 4.0}


def test_the_first_names_keep_a_series_of_their_own() -> None:
    limiter = LabelLimiter(2, length=4)
    shown = [limiter.name(text) for text in ("first", "second", "third", "first", "firm", "second")]
    assert shown == ["fir…", "sec…", "other", "fir…", "other", "sec…"]


@pytest.mark.parametrize(
    ("count", "labels"),
    [
        (0, {"a": "other", "b": "other", "long name": "other"}),
        (1, {"a": "other", "b": "other", "long name": "lon…"}),
        (2, {"a": "a", "b": "other", "long name": "lon…"}),
    ],
)
def test_the_heaviest_have_a_label_of_their_own(count: int, labels: dict[str, str]) -> None:
    assert label_by_rank({"b": 1.0, "a": 1.0, "long name": 7.0}, count, length=4) == labels
