"""Queries of Prometheus and what is read from its responses, at their bounds."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from exporter.errors import InvalidResponse, RequestFailed
from exporter.settings import AnomalySettings, LimitSettings
from exporter.sources.json_object import JsonObject
from exporter.sources.prometheus.queries import (
    RangeQuery,
    history_queries,
    latest_complete_time,
    queries_since,
    query_ranges,
    quote,
    quote_name,
    selector,
)
from exporter.sources.prometheus.series import (
    Labels,
    SeriesSamples,
    Span,
    importance_key,
    parse_series,
    unique_names,
)
from exporter.sources.prometheus.source import PrometheusSource

DAY = 86_400


def test_a_query_of_one_time_is_an_instant_query() -> None:
    at = urlsplit(RangeQuery(("a", "b"), 60, 60).path(15))
    assert (at.path, parse_qs(at.query)) == ("/api/v1/query", {"query": ["a or b"], "time": ["60"]})
    span = urlsplit(RangeQuery(("a",), 60, 90).path(15))
    assert span.path == "/api/v1/query_range"
    assert parse_qs(span.query) == {"query": ["a"], "start": ["60"], "end": ["90"], "step": ["15"]}


@pytest.mark.parametrize(
    ("begin", "end", "halves"),
    [(0, 15, [(0, 0), (15, 15)]), (0, 30, [(0, 15), (30, 30)]), (0, 45, [(0, 15), (30, 45)])],
)
def test_a_query_is_divided_at_a_whole_period(
    begin: float, end: float, halves: list[tuple[float, float]]
) -> None:
    query = RangeQuery(("a",), begin, end)
    assert [(half.begin, half.end) for half in query.halves(15)] == halves
    assert query.steps(15) == sum(half.steps(15) for half in query.halves(15))


def test_a_query_of_one_time_is_divided_by_its_series() -> None:
    parts = RangeQuery(("a", "b", "c"), 15, 15).halves_by_series()
    assert [part.selectors for part in parts] == [("a",), ("b", "c")]
    assert RangeQuery(("a",), 15, 15).halves_by_series() == ()


@pytest.mark.parametrize(("now", "end"), [(119.9, 60), (124.9, 60), (125.0, 120), (184.9, 120)])
def test_a_period_is_complete_a_moment_after_its_end(now: float, end: float) -> None:
    assert latest_complete_time(now, 60) == end


def test_a_time_is_read_in_queries_of_so_many_steps() -> None:
    found = [(query.begin, query.end) for query in query_ranges(("a",), 60, 360, 60, 3)]
    assert found == [(60, 180), (240, 360)]
    assert [*query_ranges(("a",), 60, 0, 60, 3)] == []
    assert [(query.begin, query.end) for query in query_ranges(("a",), 60, 60, 60, 1)] == [(60, 60)]


def test_after_a_long_pause_no_more_is_read_than_is_of_use() -> None:
    (first, *_) = queries_since(0, 100 * DAY, 15, 0)
    assert first.begin == 91 * DAY
    assert first.end == 91 * DAY + (20_000 - 1) * 15
    only = next(queries_since(100 * DAY - 120, 100 * DAY, 60, 25_000))
    assert (only.begin, only.end) == (100 * DAY - 60, 100 * DAY - 60)


def test_a_selector_matches_one_series_alone() -> None:
    labels: Labels = (("queue", 'a"b\\\n'), ("signal", "s"))
    assert selector(labels, ["a.b", "queue", "signal"]) == (
        'ops:watched{"a.b"="",queue="a\\"b\\\\\\n",signal="s"}'
    )
    assert (quote_name("_a1"), quote_name("1a"), quote("\ud800")) == ("_a1", '"1a"', '"?"')


def vector(*series: Any, status: str = "success") -> JsonObject:
    """A response with these series."""
    return JsonObject({"status": status, "data": {"result": [*series]}}, "Prometheus")


def samples(found: dict[str, Any], span: Span = Span()) -> SeriesSamples:  # noqa: B008  (it is frozen)
    """The samples of one series."""
    ((_, read),) = parse_series(vector({"metric": {}, **found}), span)
    return read


def test_labels_are_sorted_and_the_name_of_the_metric_is_none() -> None:
    metric = {"signal": "s", "__name__": "ops:watched", "queue": "q", "odd": 5}
    ((labels, read),) = parse_series(vector({"metric": metric, "value": [5, "0.5"]}))
    assert labels == (("odd", ""), ("queue", "q"), ("signal", "s"))
    assert read == SeriesSamples([5.0], [0.5])


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([[1, "5"], [2, "6"]], ([1, 2], [5, 6])),
        ([[2, "6"], [1, "5"]], ([1, 2], [5, 6])),
        ([[1, "5"], [1, "6"]], ([1], [6])),
        ([[1, "NaN"], [2, "+Inf"], [3, "7"]], ([3], [7])),
        ([], ([], [])),
    ],
)
def test_samples_are_finite_and_each_later_than_the_one_before(
    values: list[Any], read: tuple[list[float], list[float]]
) -> None:
    assert samples({"values": values}, Span(0, 10, 3)) == SeriesSamples(*read)


def test_samples_that_were_not_asked_for_are_left_out() -> None:
    span = Span(2 * DAY, 3 * DAY, 9)
    times = [DAY - 1, DAY, 2 * DAY, 3 * DAY + 1, 3 * DAY + 1.5]
    read = samples({"values": [[at, "1"] for at in times]}, span)
    assert read.times == [DAY, 2 * DAY, 3 * DAY + 1]


@pytest.mark.parametrize(
    "found",
    [
        {"values": [[1, "1"], [2, "1"], [3, "1"]]},  # more than were asked for
        {"values": [[1, "x"]]},
        {"values": [[1]]},
        {"values": [None]},
        {"value": 5},
        {},
    ],
)
def test_samples_that_are_none_are_an_invalid_response(found: dict[str, Any]) -> None:
    with pytest.raises(InvalidResponse, match="samples"):
        samples(found, Span(0, 10, 2))


@pytest.mark.parametrize("kind", ["histogram", "histograms"])
def test_a_series_of_histograms_has_no_samples(kind: str) -> None:
    assert samples({kind: [5, {}]}) == SeriesSamples([], [])


def test_a_response_without_success_is_invalid() -> None:
    with pytest.raises(InvalidResponse, match="status error"):
        [*parse_series(vector(status="error"))]


def test_a_long_name_ends_with_a_digest_of_the_whole() -> None:
    one: Labels = (("queue", "q" * 30 + "1"), ("signal", "s"))
    two: Labels = (("queue", "q" * 30 + "2"), ("signal", "s"))
    names = [name.part for name in unique_names([one, two], 20).values()]
    assert len({*names}) == 2
    assert all(len(name) == 20 and name.startswith("q" * 11 + " ") for name in names)


def test_the_whole_comes_before_its_parts_and_modules_before_other_parts() -> None:
    whole: Labels = (("signal", "z"),)
    module: Labels = (("module", "m"), ("signal", "z"))
    part: Labels = (("queue", "a"), ("signal", "a"))
    assert sorted([part, module, whole], key=importance_key) == [whole, module, part]


def test_the_history_of_some_series_is_read_in_queries_of_bounded_length() -> None:
    labels: list[Labels] = [(("signal", name),) for name in "abc"]
    found = [*history_queries(labels, 100 * DAY, 60)]
    # nine days have 12,961 minutes, of which 10,000 are read at once; and those of two series at once
    assert [(len(query.selectors), query.steps(60)) for query in found] == [
        (2, 10_000), (2, 2_961), (1, 10_000), (1, 2_961),
    ]  # fmt: skip
    assert {query.begin for query in found} == {91 * DAY, 91 * DAY + 10_000 * 60}
    assert {query.end for query in found} == {91 * DAY + 9_999 * 60, 100 * DAY}
    (few,) = history_queries(labels, 100 * DAY, 300)
    assert (few.begin, few.end, few.steps(300)) == (91 * DAY, 100 * DAY, 2_593)


QUERY = RangeQuery(("a", "b"), 0, 60 * 98)


@pytest.mark.parametrize(
    ("query", "status", "parts"),
    [
        (QUERY, 503, QUERY.halves(60)),
        (RangeQuery(("a",), 0, 0), 504, (RangeQuery(("a",), 0, 0),)),
        (RangeQuery(("a",), 0, 60 * 99), 422, RangeQuery(("a",), 0, 60 * 99).halves(60)),
        (QUERY, 422, QUERY.halves_by_series()),
        (QUERY, 414, QUERY.halves_by_series()),
        (RangeQuery(("a",), 0, 60), 400, ()),
        (RangeQuery(("a",), 0, 60 * 98), 422, None),
        (RangeQuery(("ops:watched",), 0, 60), 400, None),
        (QUERY, 500, None),
    ],
)
def test_a_refused_query_is_divided_where_its_parts_may_be_accepted(
    query: RangeQuery, status: int, parts: tuple[RangeQuery, ...] | None
) -> None:
    source = PrometheusSource(AnomalySettings(period=60), LimitSettings())
    error = RequestFailed("why", status)
    if parts is None:
        with pytest.raises(RequestFailed, match="why"):
            source._parts_of_refused(query, error)
    else:
        assert source._parts_of_refused(query, error) == [*parts]
