"""What a wild Prometheus costs: its own series at most, never those of others, never the event loop."""

import asyncio
import gc
import math
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from exporter.anomaly.parameters import Parameters
from exporter.anomaly.series import SeriesDetectors
from exporter.errors import InvalidResponse, RequestFailed
from exporter.sources.json_object import JsonObject
from exporter.sources.prometheus.series import Labels, Span, parse_series
from tests.exporter.event_loop import turns_beside
from tests.exporter.prometheus_looks import NOW, PERIOD, Looking, looking
from tests.exporter.recorded_double import recorded_double

ONE: Labels = (("signal", "s"),)


def wave(at: float) -> float:
    """A value of a series that moves."""
    return at // 60 % 13


def test_a_series_of_histograms_costs_no_other_its_detector() -> None:
    with recorded_double() as double:
        double.series[ONE] = wave
        histogram = {"metric": {"signal": "h"}, "histogram": [NOW, {"count": "1"}], "histograms": []}
        double.changed = lambda result: [histogram, *result]

        async def story(it: Looking) -> None:
            assert [name.signal for name, _ in (await it.look()).statuses] == ["s"]

        looking(double, story)


@pytest.mark.parametrize("moment", [1e18, -1e18, math.nan, NOW + 3600])
def test_times_that_were_not_asked_for_are_passed_over_and_stop_nothing(moment: float) -> None:
    with recorded_double() as double:
        double.series[ONE] = wave

        async def story(it: Looking) -> None:
            double.changed = lambda result: [
                {**it, "value": [moment, "1"], "values": [[moment, "1"]]} for it in result
            ]
            assert (await it.look()).statuses == []
            double.changed = lambda result: result
            it.now += PERIOD
            assert len((await it.look()).statuses) == 1

        looking(double, story)


def test_samples_out_of_order_and_twice_are_read_in_order_and_once() -> None:
    body = {
        "status": "success",
        "data": {"result": [{"metric": {}, "values": [[3, "1"], [1, "5"], [3, "1"], [2, "NaN"]]}]},
    }
    [(_, rows)] = parse_series(JsonObject(body, "Prometheus"), Span(1, 3, 4))
    assert rows == ([1, 3], [5, 1])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1, "1"]] * 9, "9 samples of a series; expected at most 3"),
        ([[10**400, "1"]], "not pairs of numbers"),
    ],
)
def test_more_samples_than_were_asked_for_and_times_beyond_all_floats_are_invalid(
    values: Any, words: str
) -> None:
    body = {"status": "success", "data": {"result": [{"metric": {}, "values": values}]}}
    with pytest.raises(InvalidResponse, match=words):
        [*parse_series(JsonObject(body, "Prometheus"), Span(1, 3, 3))]


def test_a_series_that_comes_twice_in_one_response_is_read_once() -> None:
    with recorded_double() as double:
        double.series[ONE] = wave

        async def story(it: Looking) -> None:
            await it.look()
            double.changed = lambda result: [
                *result,
                *({**it, "value": [it["value"][0], "900"]} for it in result),
            ]
            it.now += PERIOD
            [(_, status)] = (await it.look()).statuses
            assert status.value < 13

        looking(double, story)


@pytest.mark.parametrize(
    "labels", [{"signal": "s", "k8s.pod": 'a"b'}, {"signal": "\ud800"}, {"signal": "a\0\r\n\\"}]
)
def test_label_names_and_values_of_any_kind_can_be_selected(labels: dict[str, str]) -> None:
    queries = []
    with recorded_double() as double:
        double.series[ONE] = wave
        double.series[tuple(sorted(labels.items()))] = wave

        def status(path: str) -> int:
            queries.append(parse_qs(urlsplit(path).query)["query"][0])
            return 400 if "{k8s.pod=" in queries[-1] else 200

        double.status = status

        async def story(it: Looking) -> None:
            assert "s" in [name.signal for name, _ in (await it.look()).statuses]

        looking(double, story)
    assert "k8s.pod" not in labels or 'ops:watched{"k8s.pod"="a\\"b",signal="s"} ' in queries[1] + " "


@pytest.mark.parametrize("status", [400, 414, 422])
def test_a_query_that_is_refused_is_divided(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """By series where it cannot be read, as one with a huge label; by time where it reads too much."""
    with recorded_double() as double:
        for number in range(4):
            double.series[(("signal", f"s{number}"),)] = wave
        double.series[(("queue", "q" * 5000), ("signal", "huge"))] = wave

        def refuse(path: str) -> int:
            query = {
                key: float(value[0])
                for key, value in parse_qs(urlsplit(path).query).items()
                if key != "query"
            }
            too_much = "start" in query and (query["end"] - query["start"]) / query["step"] > 2000
            return status if (too_much if status == 422 else len(path) > 2000) else 200

        double.status = refuse

        async def story(it: Looking) -> None:
            found = await it.look()
            states = {name.signal: status.state for name, status in found.statuses}
            assert {states[f"s{number}"] for number in range(4)} == {"normal"}
            it.now += 300
            states = {name.signal: status.state for name, status in (await it.look()).statuses}
            assert states["huge"] == ("normal" if status == 422 else "learning")

        looking(double, story, period=300)
    assert all(len(line) < 800 for line in caplog.messages)


@pytest.mark.parametrize("status", [400, 422, 503])
def test_a_prometheus_that_refuses_everything_is_asked_a_few_times_a_poll(status: int) -> None:
    asked = []
    with recorded_double() as double:
        for number in range(6):
            double.series[(("signal", f"s{number}"),)] = wave

        def refuse(path: str) -> int:
            asked.append(path)
            return status if "query_range" in path or len(asked) > 200 else 200

        double.status = refuse

        async def story(it: Looking) -> None:
            if status != 400:
                with pytest.raises(RequestFailed, match=f"returned {status}; expected 200"):
                    await it.look()
            else:
                await it.look()

        looking(double, story)
    assert len(asked) < 100


def test_a_prometheus_that_gives_up_is_asked_for_less_the_next_time() -> None:
    with recorded_double() as double:
        double.series[ONE] = wave

        def give_up(path: str) -> int:
            query = parse_qs(urlsplit(path).query)
            return (
                503
                if "start" in query and float(query["end"][0]) - float(query["start"][0]) > 300_000
                else 200
            )

        double.status = give_up

        async def story(it: Looking) -> None:
            for _ in range(6):
                await it.source.signals.refresh()
            assert len((await it.source.signals.get()).statuses) == 1

        looking(double, story)


def test_many_series_are_read_by_signal_where_one_response_cannot_hold_them() -> None:
    with recorded_double() as double:
        for number in range(300):
            double.series[(("part", f"p{number}"), ("signal", f"s{number % 10}"))] = wave
        for number in range(200):
            double.series[(("part", f"p{number}"), ("signal", "huge"))] = wave

        async def story(it: Looking) -> None:
            for _ in range(2):
                found = await it.look()
                assert len(found.statuses) == 5
                assert found.left_out == 295 + 1
                it.now += PERIOD

        looking(double, story, max_bytes=20_000, series=5, period=300)


def test_the_first_round_of_a_day_of_all_series_does_not_stop_the_event_loop() -> None:
    with recorded_double() as double:
        for number in range(1500):
            double.series[(("signal", f"s{number}"),)] = wave

        async def story(it: Looking) -> None:
            it.source._until = NOW - 7 - PERIOD
            it.source._detectors.load()
            task = asyncio.create_task(it.look())
            spent = await turns_beside(task)
            assert len((await task).statuses) == 1500
            assert max(spent) < 0.08, sorted(spent)[-5:]

        gc.freeze()
        looking(double, story, series=2000)
        gc.unfreeze()


def test_series_that_live_are_watched_before_those_that_have_ended() -> None:
    with recorded_double() as double:
        for number in range(9):
            double.series[(("pod", f"p{number}"), ("signal", "s"))] = wave
        # those of the last day are known by their counts alone
        count = double.answer

        def answer(path: str) -> bytes | None:
            ended = {} if "count_over_time" in path else {f"p{number}" for number in range(5)}
            double.changed = lambda result: [it for it in result if it["metric"].get("pod") not in ended]
            return count(path)

        double.answer = answer  # type: ignore[method-assign]

        async def story(it: Looking) -> None:
            found = await it.look()
            assert sorted(name.part for name, _ in found.statuses) == ["p5", "p6", "p7", "p8"]

        looking(double, story, series=4)


def test_what_churns_is_forgotten_and_gives_its_place_to_what_lives() -> None:
    detectors: SeriesDetectors[str] = SeriesDetectors(Parameters(), 5)
    for number in range(200):
        at = 60.0 * number
        churns = [(f"churns {number} {part}", [at], [1.0]) for part in range(20)]
        detectors.read_round([*([("lives", [at], [1.0])] if number else []), *churns])
        detectors.remove_silent(at - 120)
        assert detectors.count_unwatched(at - 120) <= 63
        assert len(detectors._unwatched) <= 63
    assert "lives" in dict(detectors.statuses(60.0 * 199))


def test_without_any_sample_it_is_told_why_that_may_be(caplog: pytest.LogCaptureFixture) -> None:
    with recorded_double() as double:

        async def story(it: Looking) -> None:
            for _ in range(3):
                assert (await it.look()).statuses == []

        looking(double, story)
    [line] = [line for line in caplog.messages if "no sample of ops:watched" in line]
    assert "its clock agrees with that of the exporter" in line
