"""How a module's recent requests are judged: over a window, by what was added, restarts included."""

from math import inf

import pytest

from exporter.metrics import HistogramData
from exporter.settings_backend import JudgementSettings
from exporter.sources.backend.recovery import RecoveryTracker
from exporter.sources.backend.request_totals import RequestTotals
from exporter.sources.backend.traffic import TrafficWindow, quantile_of_increase
from tests.exporter.clock import Clock


def totals(good: float, bad: float = 0.0, slow: float = 0.0) -> RequestTotals:
    """What a backend counts of the module search; `slow` requests took up to a second, the others a tenth."""
    spread = HistogramData({0.1: good - slow, 1.0: good, inf: good}, good / 10, good)
    requests = {("search", "2xx"): good, ("search", "5xx"): bad}
    return RequestTotals(requests, {"search": spread}, {}, None, None, None, None, None, 1, True)


def after(*seen: tuple[float, RequestTotals], window: float = 60.0) -> str:
    """The judgement after these totals, each at its second."""
    clock = Clock()
    traffic = TrafficWindow(JudgementSettings(window=window), clock)
    for at, total in seen:
        clock.now = at
        traffic.record(total)
    return traffic.status("search")


def half_seconds_of(seen: list[RequestTotals]) -> TrafficWindow:
    """The window after these totals, half a second apart."""
    clock = Clock()
    traffic = TrafficWindow(JudgementSettings(), clock)
    for total in seen:
        traffic.record(total)
        clock.now += 0.5
    return traffic


def test_before_anything_was_counted_nothing_is_known() -> None:
    assert TrafficWindow(JudgementSettings()).status("search") == "unknown"
    assert after((0, totals(1000, 900))) == "unknown"


def test_errors_of_long_ago_are_no_judgement_of_now() -> None:
    assert after((0, totals(10)), (10, totals(20, 60))) == "down"
    seen = [(0.0, totals(10)), (10.0, totals(20, 60)), *((20.0 + n, totals(30 + n, 60)) for n in range(120))]
    assert after(*seen) == "healthy"


def test_a_window_without_requests_is_unknown_again() -> None:
    assert after(*((float(n), totals(50)) for n in range(120))) == "unknown"


def test_the_slowest_twentieth_decides() -> None:
    assert after((0, totals(0)), (10, totals(100, slow=4))) == "healthy"
    assert after((0, totals(0)), (10, totals(100, slow=40))) == "degraded"


@pytest.mark.parametrize(("slow", "status"), [(4, "healthy"), (9, "healthy"), (10, "degraded")])
def test_slowness_ends_once_the_slowest_twentieth_is_fast_again(slow: float, status: str) -> None:
    seen = after((0, totals(0)), (10, totals(100, slow=40)), (25, totals(200, slow=40 + slow)))
    assert seen == status


def test_trouble_ends_with_enough_good_requests_and_never_begins_with_one() -> None:
    clock = Clock()
    traffic = TrafficWindow(JudgementSettings(), clock)

    def at(seconds: float, total: RequestTotals) -> str:
        clock.now = seconds
        traffic.record(total)
        return traffic.status("search")

    at(0, totals(10))
    assert at(1, totals(10, bad=3)) == "unknown"
    assert at(20, totals(11, bad=3)) == "unknown", "three failures of 19 s ago and one success"
    assert at(21, totals(12, bad=3)) == "unknown"
    assert at(22, totals(12, bad=21)) == "down"
    assert at(30, totals(14, bad=21)) == "down", "two successes end nothing"
    assert at(40, totals(20, bad=21)) == "healthy"


@pytest.mark.parametrize(
    ("seen", "is_near"),
    [
        # 1 of 101 within half a second, and again within the next: no level is passed by that
        ([totals(100), totals(200, bad=1)], False),
        # 5 of 50 within half a second prove nothing, 15 of 150 do
        ([totals(100), totals(145, bad=5)], True),
        ([totals(100), totals(150, slow=5)], True),
        # proven now, and as bad as it can be
        ([totals(100), totals(100, bad=100)], False),
        # half of all fail: degraded is proven, down soon
        ([totals(0), totals(40, bad=10), totals(40, bad=40)], True),
        # the failures are over
        ([totals(100), totals(145, bad=5), totals(195, bad=5)], False),
    ],
)
def test_a_verdict_is_near_where_one_more_second_of_the_same_brings_it(
    seen: list[RequestTotals], is_near: bool
) -> None:
    assert half_seconds_of(seen).is_verdict_near() is is_near


@pytest.mark.parametrize(
    ("seen", "has_begun"),
    [
        # 4 of 104 prove nothing, but they may be those of the last tenth of a second
        ([totals(1000), totals(1100), totals(1200, bad=4)], True),
        ([totals(1000), totals(1100), totals(1200, slow=4)], True),
        ([totals(1000), totals(1100), totals(1200, bad=2)], False),
        # as many as before are no news
        ([totals(1000), totals(1100, bad=2), totals(1200, bad=6)], False),
        # what is proven is no news either
        ([totals(100), totals(100, bad=100)], False),
    ],
)
def test_trouble_may_have_begun_where_far_more_is_bad_than_before(
    seen: list[RequestTotals], has_begun: bool
) -> None:
    assert half_seconds_of(seen).may_trouble_have_begun() is has_begun


@pytest.mark.parametrize(
    ("good", "bad", "slow", "status"),
    [
        (5, 1, 0, "healthy"), (2, 3, 0, "unknown"), (0, 5, 0, "unknown"), (24, 2, 0, "healthy"),
        (45, 5, 0, "healthy"), (44, 6, 0, "healthy"), (33, 7, 0, "degraded"),
        (94, 6, 0, "healthy"), (900, 100, 0, "degraded"),
        (0, 6, 0, "down"), (14, 23, 0, "degraded"), (9, 28, 0, "down"),
        (6, 0, 2, "healthy"), (26, 0, 5, "healthy"), (40, 0, 8, "degraded"),
    ],
)  # fmt: skip
def test_a_module_is_judged_only_where_chance_is_ruled_out(
    good: int, bad: int, slow: int, status: str
) -> None:
    assert after((0, totals(0)), (10, totals(good, bad, slow))) == status


def test_counters_that_began_again_are_counted_from_0() -> None:
    assert after((0, totals(5000, 100)), (10, totals(20, 0))) == "healthy"
    assert after((0, totals(5000, 100)), (10, totals(10, 30))) == "down"


def test_few_scrapes_far_apart_still_have_something_to_compare() -> None:
    assert after((0, totals(10)), (300, totals(60)), window=60) == "healthy"


@pytest.mark.parametrize(
    ("buckets", "value"),
    [
        ({0.1: 100.0, inf: 100.0}, 0.095),
        ({0.1: 90.0, 0.5: 100.0, inf: 100.0}, 0.3),
        ({0.1: 50.0, inf: 100.0}, 0.1),
        ({inf: 100.0}, 0.0),
        ({0.1: 0.0, inf: 0.0}, None),
        ({0.1: 5.0, 1.0: 6.0, inf: 6.0}, 0.1),
        ({0.1: 0.0, 1.0: 1.0, inf: 1.0}, 0.1),
        ({}, None),
    ],
)
def test_the_percentile_is_that_of_prometheus_but_for_the_largest(
    buckets: dict[float, float], value: float | None
) -> None:
    now = HistogramData(buckets, 1.0, max(buckets.values(), default=0.0))
    assert quantile_of_increase(0.95, now, None) == (value if value is None else pytest.approx(value))
    assert quantile_of_increase(0.95, None, now) is None


def test_what_ends_when_a_server_comes_back_is_judged_no_more() -> None:
    times = Clock()
    recovery = RecoveryTracker(times)
    traffic = TrafficWindow(JudgementSettings(), lambda: times.now, recovery.is_under_way)

    def seen(at: float, works: bool, counted: RequestTotals) -> str:
        times.now = at
        recovery.record("pool", works)
        traffic.record(counted)
        return traffic.status("search")

    assert seen(0, True, totals(100)) == "unknown"
    assert seen(10, False, totals(150)) == "healthy"
    assert seen(11, False, totals(150, bad=12)) != "healthy"
    assert seen(17, True, totals(150, bad=12)) == "unknown"
    assert traffic.rate() == pytest.approx(62 / 17)  # as it was
    assert seen(19, True, totals(150, bad=80)) == "unknown"  # whoever had waited
    assert not traffic.may_trouble_have_begun()
    assert not traffic.is_verdict_near()
    assert seen(40, True, totals(300, bad=80)) == "healthy"
    assert seen(41, True, totals(300, bad=400)) == "down"


def test_the_window_begins_with_the_poll_that_is_nearest_to_its_length_ago() -> None:
    # of polls 0.7 s apart; the one before would hold so many good requests that it is judged a poll later
    polls = [0.7 * n for n in range(30)]
    begins = 0.7 * 14
    for passed, status in ((5.2, "degraded"), (5.9, "down")):
        seen = [
            (at, totals(at * 100 - bad, bad))
            for at in polls
            if (bad := max(0.0, at - begins) * 100) <= passed * 100
        ]
        assert after(*seen, window=10.0) == status, passed
