"""What the detector finds unusual, and what it leaves alone."""

from datetime import UTC, datetime
from itertools import pairwise
from time import process_time

import numpy as np
import pytest

from exporter.anomaly.detector import BatchDetector, Detector
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.scoring import DetectorScores
from tests.exporter.anomaly.made_up_series import DAY, Floats, daily, level, minutes

TIMES = minutes(9)
# the eighth day, by when the last week's days are known
LATE = 8 * 1440 - 300


def read(values: Floats, times: Floats = TIMES) -> DetectorScores:
    """All rows at once."""
    return Detector().read(times, values)


def alerts(found: DetectorScores) -> list[int]:
    """The rows that begin an alert."""
    return [int(row) for row in np.flatnonzero(found.score >= 1)]


def late(found: DetectorScores) -> list[int]:
    """The rows of the last two days that begin an alert."""
    return [row for row in alerts(found) if row > 7 * 1440]


@pytest.mark.parametrize(("times_usual", "way"), [(3.0, 1), (0.0, -1)], ids=["spike", "drop to zero"])
def test_a_jump_is_seen_at_its_first_row_and_which_way_it_goes(times_usual: float, way: int) -> None:
    values = level(TIMES)
    values[LATE : LATE + 10] *= times_usual
    found = read(values)
    assert late(found) == [LATE]
    assert set(found.direction[LATE : LATE + 10]) == {way}
    assert not found.lower[LATE] <= values[LATE] <= found.upper[LATE]
    # over when it has been back in its band for a while
    assert set(found.direction[LATE + 15 : LATE + 1000]) == {0}


def test_a_new_level_is_one_alert_and_in_time_the_usual_one() -> None:
    values = level(TIMES)
    values[LATE:] *= 2
    found = read(values)
    assert late(found) == [LATE]
    assert set(found.direction[LATE : LATE + 240]) == {1}
    assert found.direction[LATE + 240] == 0
    assert found.lower[-1] <= values[-1] <= found.upper[-1]


def test_a_series_that_stands_still_has_no_anomaly_a_week_after_it_moved() -> None:
    times = minutes(16)
    values = np.where(np.arange(len(times)) < 6 * 1440, 10.0, 12.0)
    assert alerts(read(values, times)) == [6 * 1440]


def test_the_peak_of_every_day_is_usual_and_the_same_value_at_night_is_not() -> None:
    values = daily(TIMES)
    assert late(read(values)) == []
    night = 8 * 1440 - 700 - np.argmin(values[8 * 1440 - 1440 : 8 * 1440 - 700][::-1])
    values[night : night + 20] = 200
    assert values.max() > 200
    found = read(values)
    assert late(found)[0] == night
    assert found.direction[night] == 1


def test_noise_alone_is_seldom_unusual() -> None:
    found = [len(late(read(level(TIMES, seed=seed)))) for seed in range(10)]
    assert sum(found) <= 10, f"alerts of ten series in two days: {found}"


def test_a_constant_is_usual_and_its_first_change_is_not() -> None:
    values = np.zeros(len(TIMES))
    values[LATE] = 1
    assert alerts(read(values))[0] == LATE
    values = np.full(len(TIMES), 5.0)
    values[LATE] = 5.001
    assert alerts(read(values)) == []


def test_a_count_that_only_rises_is_usual_and_its_fall_is_not() -> None:
    values = np.repeat(np.arange(len(TIMES) / 20), 20)[: len(TIMES)]
    values[LATE:] -= values[LATE]
    assert late(read(values))[0] == LATE


def test_nothing_is_judged_before_enough_is_seen() -> None:
    values = level(TIMES)
    values[200] = 9
    found = read(values)
    assert np.all(found.learning[:240])
    assert not np.any(found.learning[240:])
    assert not np.any(found.score[:240])
    assert not np.any(found.direction[:240])


def test_rows_that_are_no_number_change_nothing() -> None:
    values = level(TIMES)
    whole = read(values)
    holes = np.insert(values, [500, 501, 5000], [np.nan, np.inf, -np.inf])
    times = np.insert(TIMES, [500, 501, 5000], [TIMES[499]] * 2 + [TIMES[4999]])
    found = read(holes, times)
    added = [500, 502, 5002]
    assert np.array_equal(np.delete(found.score, added), whole.score)
    assert np.array_equal(found.upper[added], whole.upper[[499, 500, 4999]], equal_nan=True)
    assert not np.any(found.score[added])


def test_a_piece_without_a_number_leaves_all_as_it_was() -> None:
    values = level(TIMES)
    detector = Detector()
    for rows in range(3):
        assert np.all(detector.read(TIMES[:rows], np.full(rows, np.nan)).learning)
    whole = detector.read(TIMES, values)
    assert np.array_equal(whole.score, read(values).score)
    nothing = detector.read([TIMES[-1] + 60], [np.nan])
    assert (nothing.upper[0], nothing.score[0]) == (whole.upper[-1], 0)


def test_a_gap_of_days_is_no_alert() -> None:
    values = daily(TIMES)
    kept = np.r_[0 : 5 * 1440, 7 * 1440 : len(TIMES)]
    assert [row for row in late(read(values[kept], TIMES[kept])) if row >= 5 * 1440] == []


def test_rows_may_come_at_any_distance_and_out_of_order() -> None:
    steps = np.random.default_rng(1).exponential(60, len(TIMES))
    times = TIMES[0] + np.cumsum(steps)
    values = level(times)
    values[LATE] *= 4
    times[3000], times[3001] = times[3001], times[3000]
    assert late(read(values, times)) == [LATE]


def test_enormous_values_are_read_without_a_complaint() -> None:
    values = level(TIMES)
    values[LATE], values[LATE + 100] = 1.7e308, -1.7e308
    found = read(values)
    assert found.score[LATE] == 100
    assert np.all(np.isfinite(found.score))


def test_the_rows_so_far_decide_alone() -> None:
    values = daily(TIMES)
    values[LATE:] = 0
    until = LATE + 100
    part = read(values[:until], TIMES[:until])
    whole = read(values)
    assert np.array_equal(part.score, whole.score[:until])
    assert np.array_equal(part.direction, whole.direction[:until])


def test_pieces_of_any_length_give_what_the_whole_gives() -> None:
    values = daily(TIMES)
    values[LATE : LATE + 5] *= 2
    whole = read(values)
    detector = Detector()
    cuts = [
        0,
        1,
        2,
        30,
        31,
        239,
        240,
        241,
        1500,
        1501,
        1440 * 3,
        LATE,
        *range(LATE + 1, LATE + 40),
        len(values),
    ]
    for begin, end in pairwise(cuts):
        piece = detector.read(TIMES[begin:end], values[begin:end])
        wanted = whole.select(slice(begin, end))
        assert np.array_equal(piece.direction, wanted.direction)
        assert np.allclose(piece.score, wanted.score, rtol=1e-9)
        assert np.allclose(piece.upper, wanted.upper, rtol=1e-9, equal_nan=True)


def test_a_restless_series_raises_its_own_bar() -> None:
    values = level(TIMES)
    rows = np.arange(2 * 1440, 8 * 1440, 240)
    values[rows] *= 1 + 0.5 * np.arange(1, len(rows) + 1)
    found = alerts(read(values))
    assert rows[0] in found
    assert len(found) < len(rows) / 2, "ever greater spikes wear out whoever looks"


def test_an_early_spike_does_not_hide_the_next() -> None:
    values = level(TIMES)
    values[LATE - 600], values[LATE] = 10, 1
    assert late(read(values)) == [LATE - 600, LATE]


def test_a_faint_mark_and_a_strong_one_are_told_apart() -> None:
    values = level(TIMES)
    faint, strong = values.copy(), values.copy()
    width = values[LATE - 1500 : LATE].max() - values[LATE - 1500 : LATE].min()
    faint[LATE] = values[:LATE].max() + 0.15 * width
    strong[LATE] = values[:LATE].max() + 2 * width
    assert (read(faint).grade[LATE], read(strong).grade[LATE]) == (1, 2)
    assert 1 <= read(faint).score[LATE] < 2 <= read(strong).score[LATE]


def test_a_faint_mark_becomes_a_strong_one_when_it_gets_worse() -> None:
    values = level(TIMES)
    width = values[LATE - 1500 : LATE].max() - values[LATE - 1500 : LATE].min()
    values[LATE], values[LATE + 3] = values[:LATE].max() + 0.15 * width, values.max() + 5 * width
    found = read(values)
    assert (found.grade[LATE], found.grade[LATE + 3]) == (1, 2)


def test_what_was_reached_twice_in_two_weeks_is_no_strong_anomaly_and_more_is_one() -> None:
    times = minutes(38)
    values, bursts = level(times), {8: 3.0, 13: 3.1, 18: 2.9, 20: 6.0, 36: 3.0}
    for day, height in bursts.items():
        values[day * 1440 : day * 1440 + 10] *= height
    values[22 * 1440 : 22 * 1440 + 10] *= 0.1
    grade = Detector(Parameters.for_interval(60)).read(times, values).grade
    strongest = {day: int(grade[day * 1440 : day * 1440 + 15].max()) for day in sorted({22, *bursts})}
    assert strongest == {8: 2, 13: 2, 18: 1, 20: 2, 22: 2, 36: 2}


def test_a_series_that_used_to_move_and_has_stopped_is_unusual() -> None:
    values = level(TIMES)
    values[LATE : LATE + 200] = values[:LATE].mean()
    found = read(values)
    assert late(found)[:2] == [LATE + 60, LATE + 120]
    assert (found.grade[LATE + 60], found.grade[LATE + 120]) == (1, 2)
    assert found.direction[LATE + 60] != 0
    assert set(found.direction[LATE + 205 : LATE + 260]) == {0}


def test_one_that_never_moved_or_often_stands_still_is_not() -> None:
    steps = np.repeat(level(TIMES[::50]), 50)[: len(TIMES)]
    for values in (np.zeros(len(TIMES)), steps):
        assert late(read(values)) == []


def test_twice_the_variance_is_unusual() -> None:
    values = level(TIMES)
    middle = values.mean()
    values[LATE:] = middle + 2 * (values[LATE:] - middle)
    found = late(read(values))
    assert found
    assert found[0] < LATE + 240


def test_half_the_traffic_is_seen_at_any_hour() -> None:
    for hour in (0, 6, 12, 18):
        values = daily(TIMES)
        start = 8 * 1440 - hour * 60
        values[start : start + 30] /= 2
        assert [row for row in late(read(values)) if start <= row < start + 30], hour


def test_a_step_between_weekday_and_weekend_is_usual_from_the_second_week_on() -> None:
    times = minutes(28)
    weekend = (times // DAY + 3) % 7 >= 5
    values = level(times) * np.where(weekend, 0.5, 1.0) * 10
    saturdays = np.flatnonzero(np.diff(weekend.astype(int)) == 1) + 1
    found = alerts(read(values, times))
    assert [row for row in found for begin in saturdays[2:] if begin <= row < begin + 120] == []


def test_a_holiday_is_compared_with_sundays() -> None:
    times = minutes(25)
    days = (times // DAY).astype(int)
    calm = (days + 3) % 7 >= 5  # 1970 began on a Thursday
    holiday = days[0] + 22
    assert not calm[days == holiday].any()
    values = level(times) * np.where(calm | (days == holiday), 0.5, 1.0) * 10
    named = frozenset({datetime.fromtimestamp(holiday * DAY, UTC).date()})
    morning = int(np.argmax(days == holiday))
    plain, told = (
        [
            row
            for row in alerts(Detector(Parameters(holidays=of)).read(times, values))
            if 0 <= row - morning < 120
        ]
        for of in (frozenset(), named)
    )
    assert plain[0] == morning
    assert told == []


def test_a_mark_ends_by_time_where_rows_are_few() -> None:
    values = level(TIMES)
    values[LATE:] *= 5
    times = TIMES.copy()
    times[LATE + 1 :] += 5 * 3600
    found = Detector(Parameters.for_interval(60, learn=3600)).read(times, values)
    assert (found.direction[LATE], found.direction[LATE + 1]) == (1, 0)


def test_rounds_of_many_series_give_what_each_gives_alone() -> None:
    courses = [
        daily(TIMES),
        level(TIMES),
        np.round(level(TIMES, 3)),
        np.zeros(len(TIMES)),
        level(TIMES, seed=3),
    ]
    courses[1][LATE : LATE + 10] *= 3
    courses[3][LATE - 700] = 1
    courses[4][LATE - 300 :] = courses[4][LATE - 300]
    alone = [read(values) for values in courses]
    many = BatchDetector(Parameters(), len(courses))
    places = np.arange(len(courses))
    for place, values in enumerate(courses):
        many.clear(place)
        many.rows(place, TIMES[: LATE - 800], values[: LATE - 800])
    for row in range(LATE - 800, LATE + 100):
        found = many.round(places, np.full(len(places), TIMES[row]), np.array([it[row] for it in courses]))
        wanted = [it.select(slice(row, row + 1)) for it in alone]
        for name in found._fields:
            expected = np.concatenate([getattr(it, name) for it in wanted])
            assert np.allclose(getattr(found, name), expected, rtol=1e-9, atol=1e-12, equal_nan=True), row


def test_a_round_of_200_series_takes_little_time_and_a_series_little_memory() -> None:
    many, places = BatchDetector(Parameters.for_interval(15), 200), np.arange(200)
    draw = np.random.default_rng(0)
    for place in range(200):
        many.clear(place)
    seconds = []
    for row in range(300):
        began = process_time()
        many.round(places, np.full(200, 15.0 * row), draw.standard_normal(200))
        seconds.append(process_time() - began)
    # 2 ms on a machine that does nothing else
    assert np.median(seconds) < 0.006
    assert many.bytes < 200 * 100_000


def test_the_window_holds_a_day_however_short_the_period() -> None:
    assert Parameters.for_interval(60).window == Parameters.for_interval(300).window == 1500
    assert Parameters.for_interval(15).window * 15 >= DAY
