"""How the past of the watched series is read: in pieces, each row once, whatever goes wrong meanwhile."""

import asyncio
import gc
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from exporter.errors import SourceTimeout
from exporter.sources.prometheus.queries import ROWS, RangeQuery, history_queries, queries_since
from exporter.sources.prometheus.series import Labels, unique_names
from tests.exporter.event_loop import turns_beside
from tests.exporter.prometheus_looks import DAY, NOW, PERIOD, Looking, looking
from tests.exporter.recorded_double import recorded_double


def constantly(value: float | str) -> Callable[[float], float | str]:
    """A series that always says this."""
    return lambda _: value


@pytest.mark.parametrize("series", [1, 7, 200])
def test_pieces_are_bounded_and_hold_each_time_of_each_series_once(series: int) -> None:
    labels: list[Labels] = [(("signal", f"s{number}"),) for number in range(series)]
    pieces = [*history_queries(labels, NOW - 7, 15)]
    seen: dict[str, list[float]] = {}
    for piece in pieces:
        steps = round((piece.end - piece.begin) / 15) + 1
        assert steps <= 11_000
        assert steps * len(piece.selectors) <= ROWS
        for selector in piece.selectors:
            seen.setdefault(selector, []).extend(piece.begin + 15 * step for step in range(steps))
    assert len(seen) == series
    whole = [NOW - 7 - 9 * DAY + 15 * step for step in range(9 * DAY // 15 + 1)]
    assert all(times == whole for times in seen.values())


def test_halves_hold_what_the_whole_held() -> None:
    one = RangeQuery(("a", "b", "c"), 60, 300)
    early, late = one.halves(60)
    assert (early.begin, early.end, late.begin, late.end) == (60, 180, 240, 300)
    first, second = RangeQuery(("a", "b", "c"), 60, 60).halves(60)
    assert first.selectors + second.selectors == ("a", "b", "c")
    assert RangeQuery(("a",), 60, 60).halves(60) == ()


def test_after_a_pause_all_is_read_on_in_bounded_pieces() -> None:
    pieces = [*queries_since(0, 6000 * 60, 60, 200)]
    assert pieces[0].begin == 60
    assert pieces[-1].end == 6000 * 60
    assert all((piece.end - piece.begin) / 60 < 200 for piece in pieces)


def test_series_are_told_apart_by_their_whole_label_set() -> None:
    long = "q" * 150
    series: list[Labels] = [
        (("queue", "a"), ("signal", "s")),
        (("signal", "s"), ("worker", "a")),
        (("queue", long + "1"), ("signal", "s")),
        (("queue", long + "2"), ("signal", "s")),
        (("queue", "b"), ("signal", "s")),
    ]
    names = unique_names(series, 120)
    assert len({*names.values()}) == len(series)
    assert all(len(name.part) <= 120 for name in names.values())
    assert names[series[4]].part == "b"


def test_each_of_them_has_a_detector_of_its_own() -> None:
    with recorded_double() as double:
        double.series[(("queue", "a"), ("signal", "s"))] = lambda at: at % 7
        double.series[(("signal", "s"), ("worker", "a"))] = lambda at: 500 + at % 11

        async def story(it: Looking) -> None:
            found = await it.look()
            assert len({name for name, _ in found.statuses}) == 2
            assert sorted(view.upper > 400 for _, view in found.statuses) == [False, True]

        looking(double, story)


def test_rows_that_are_no_numbers_are_passed_over_and_keep_no_mark() -> None:
    with recorded_double() as double:
        labels = (("signal", "s"),)
        double.series[labels] = lambda at: 10.0 + at // 60 % 5

        async def story(it: Looking) -> None:
            await it.look()
            double.series[labels] = lambda _: 1000.0
            it.now += PERIOD
            [(_, view)] = (await it.look()).statuses
            assert (view.state, view.grade, view.direction) == ("anomalous", 2, 1)
            for wrong in ("NaN", "+Inf", "-Inf", "NaN"):
                double.series[labels] = constantly(wrong)
                it.now += PERIOD
                found = await it.look()
            assert found.statuses == []

        looking(double, story)


def test_what_was_read_stays_read_and_is_not_read_twice_when_a_later_answer_is_late() -> None:
    views = []

    async def story(it: Looking) -> None:
        views.append(sorted((await it.look()).statuses))

    async def broken_off(it: Looking) -> None:
        double.silent_from = 3
        with pytest.raises(SourceTimeout, match=r"did not respond within 2 s"):
            await it.look()
        double.silent_from = None
        views.append(sorted((await it.look()).statuses))
        # the first pieces are not asked for again
        times = double.told[(("signal", "s0"),)]
        assert len(times) == len({*times})

    with recorded_double() as double:
        for number in range(5):
            double.series[(("signal", f"s{number}"),)] = lambda at: at // 60 % 13 + at % 86_400 / 7000
        looking(double, broken_off, timeout=2)
    assert len(views[0]) == 5
    with recorded_double() as double:
        for number in range(5):
            double.series[(("signal", f"s{number}"),)] = lambda at: at // 60 % 13 + at % 86_400 / 7000
        looking(double, story)
    assert views[0] == views[1]


def test_a_clock_that_was_ahead_and_goes_back_is_no_hour_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with recorded_double() as double:
        double.series[(("signal", "s"),)] = lambda at: at % 13

        async def story(it: Looking) -> None:
            it.now += 3600
            await it.look()
            it.now -= 3600
            assert len((await it.look()).statuses) == 1
            it.now += PERIOD
            double.series[(("signal", "s"),)] = lambda _: 900.0
            [(_, view)] = (await it.look()).statuses
            assert view.value == 900

        looking(double, story)
    assert "the clock went back by 3600 s" in caplog.text


def test_answers_that_are_too_large_are_asked_for_in_parts() -> None:
    with recorded_double() as double:
        for number in range(200):
            double.series[(("module", f"m{number}"), ("signal", f"s{number % 20}"))] = lambda at: at % 13

        async def story(it: Looking) -> None:
            it.source._until = NOW - 7 - 20 * PERIOD
            found = await it.look()
            assert len(found.statuses) == 200
            it.now += PERIOD
            assert len((await it.look()).statuses) == 200

        looking(double, story, max_bytes=10_000)


def test_what_is_left_out_is_counted() -> None:
    with recorded_double() as double:
        for number in range(9):
            double.series[(("signal", f"s{number}"),)] = lambda at: at % 13

        async def story(it: Looking) -> None:
            found = await it.look()
            assert (len(found.statuses), found.left_out) == (7, 2)
            it.now += PERIOD
            found = await it.look()
            assert (len(found.statuses), found.left_out) == (7, 2)

        looking(double, story, series=7)


def test_the_loop_never_stands_still_for_long() -> None:
    with recorded_double() as double:
        for number in range(12):
            double.series[(("signal", f"s{number}"),)] = lambda at: at % 13

        # as the exporter does once it has started
        gc.freeze()

        async def story(it: Looking) -> None:
            task = asyncio.create_task(it.look())
            spent = await turns_beside(task)
            assert len((await task).statuses) == 12
            assert max(spent) < 0.05, sorted(spent)[-9:]

        looking(double, story, period=15)
        gc.unfreeze()


def test_the_selectors_of_a_piece_name_one_series_each() -> None:
    labels: list[Labels] = [(("queue", 'a"\\b'), ("signal", "s")), (("signal", "s"),)]
    [piece] = [*history_queries(labels, NOW - 7, 300)]
    assert piece.selectors == (
        'ops:watched{queue="a\\"\\\\b",signal="s"}',
        'ops:watched{queue="",signal="s"}',
    )
    assert "query_range" in piece.path(300)
    assert parse_qs(urlsplit(piece.path(300)).query)["step"] == ["300"]
