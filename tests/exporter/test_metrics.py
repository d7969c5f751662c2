"""Families as each scrape makes them: what is not known has no series, and never the value 0."""

from math import inf, nan

import pytest

from exporter.metrics import (
    Counter,
    Gauge,
    Histogram,
    HistogramData,
    Info,
    Row,
    StateGauge,
    Summary,
    SummaryData,
    bucket_label,
    first_rows,
    is_finite,
    max_rows,
    selected_names,
    sum_rows,
)


@pytest.mark.parametrize(
    ("value", "known"),
    [(0, True), (-2.5, True), (10**400, False), (inf, False), (nan, False), (None, False), ("1", False)],
)
def test_a_value_is_known_that_is_a_finite_number(value: object, known: bool) -> None:
    assert is_finite(value) == known
    family = Gauge("ops_a", "Values.", ("who",)).family([("me", value), ("you", 7)])
    assert [sample.labels["who"] for sample in family.samples] == (["me", "you"] if known else ["you"])


def test_a_series_has_its_labels_by_name() -> None:
    (sample,) = Gauge("ops_a", "Values.", ("who", "where")).single(0, "me", "here").samples
    assert (sample.name, sample.labels, sample.value) == ("ops_a", {"who": "me", "where": "here"}, 0.0)


def test_a_label_too_many_or_too_few_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        Gauge("ops_a", "Values.", ("who",)).single(1, "me", "here")
    with pytest.raises(ValueError, match="zip"):
        Histogram("ops_a", "Sizes.", ("who",)).family([((), HistogramData({}, 2.5, 4))])
    with pytest.raises(ValueError, match="zip"):
        Summary("ops_a", "Sizes.", ("who",)).family([((), SummaryData({}, 2.5, 4))])


def test_a_state_is_one_of_several_series() -> None:
    family = StateGauge("ops_a", "States.", ("who", "status")).state_family([("me", "down")])
    assert {it.labels["status"]: it.value for it in family.samples} == {
        "healthy": 0, "degraded": 0, "down": 1, "unknown": 0,
    }  # fmt: skip


def test_facts_are_labels_of_a_series_of_1() -> None:
    (sample,) = Info("ops_a_info", "Facts.", ("version",)).info("2.0").samples
    assert (sample.labels, sample.value) == ({"version": "2.0"}, 1)


@pytest.mark.parametrize(
    ("bounds", "shown"),
    [
        ({0.5: 3, inf: 4}, [("0.5", 3), ("+Inf", 4)]),
        ({0.5: 3}, [("0.5", 3), ("+Inf", 4)]),
        ({}, [("+Inf", 4)]),
    ],
)
def test_a_histogram_ends_with_all_of_its_values(
    bounds: dict[float, float], shown: list[tuple[str, float]]
) -> None:
    family = Histogram("ops_a", "Sizes.", ("who",)).family([(("me",), HistogramData(bounds, 2.5, 4))])
    *buckets, total, count = family.samples
    assert [(it.labels["le"], it.value) for it in buckets] == shown
    assert [(it.name, it.labels, it.value) for it in (total, count)] == [
        ("ops_a_sum", {"who": "me"}, 2.5), ("ops_a_count", {"who": "me"}, 4),
    ]  # fmt: skip


def test_a_summary_has_what_is_known_of_it() -> None:
    summary = Summary("ops_a", "Sizes.", ("who",))
    data = SummaryData({0.95: 2.0, 0.5: 1.0, 0.99: None}, None, 4)
    samples = summary.family([(("me",), data)]).samples
    assert [(it.name, it.labels.get("quantile"), it.value) for it in samples] == [
        ("ops_a", "0.5", 1.0), ("ops_a", "0.95", 2.0), ("ops_a_count", None, 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "counters", "histograms"),
    [
        ([], 1, 3), (["ops_a_total"], 1, 0), (["ops_a"], 1, 0), (["ops_b_sum"], 0, 3), (["ops_b"], 0, 3),
        (["stock"], 0, 0),
    ],
)  # fmt: skip
def test_no_series_is_made_that_is_not_selected(names: list[str], counters: int, histograms: int) -> None:
    token = selected_names.set(frozenset(names))
    counter = Counter("ops_a_total", "Counts.").single(1)
    histogram = Histogram("ops_b", "Sizes.").family([((), HistogramData({}, 2.5, 4))])
    summary = Summary("ops_b", "Sizes.").family([((), SummaryData({0.5: 1.0}, 2.5, 4))])
    selected_names.reset(token)
    assert (len(counter.samples), len(histogram.samples)) == (counters, histograms)
    assert len(summary.samples) == histograms


@pytest.mark.parametrize(("bound", "label"), [(1, "1.0"), (0.25, "0.25"), (inf, "+Inf")])
def test_the_label_of_a_bound(bound: float, label: str) -> None:
    assert bucket_label(bound) == label


ROWS: list[Row] = [("a", 2), ("b", None), ("a", 3), ("c", 5), ("a", None), ("c", -1), ("d", 0)]


def test_rows_of_the_same_labels_are_summed() -> None:
    assert sum_rows(ROWS) == [("a", 5), ("b", None), ("c", 4), ("d", 0)]


def test_the_first_row_of_the_same_labels_counts() -> None:
    assert first_rows(ROWS) == [("a", 2), ("b", None), ("c", 5), ("d", 0)]


def test_the_highest_row_of_the_same_labels_counts() -> None:
    assert max_rows(ROWS) == [("a", 3), ("c", 5), ("d", 0)]
