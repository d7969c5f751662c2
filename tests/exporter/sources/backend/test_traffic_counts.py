"""What was added between two totals: requests, slow ones, a rate, and a sudden rise."""

from math import inf

import pytest

from exporter.metrics import HistogramData
from exporter.settings_backend import JudgementSettings
from exporter.sources.backend.request_totals import RequestTotals
from exporter.sources.backend.traffic import (
    SAMPLES_PER_WINDOW,
    RequestCounts,
    TrafficSample,
    TrafficWindow,
    has_risen,
    increase,
    quantile_of_increase,
    slow_requests,
)


class Traffic:
    """A window of a minute with a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.is_recovering = False
        self.window = TrafficWindow(JudgementSettings(), lambda: self.now, lambda: self.is_recovering)

    def record(self, at: float, search: float, graph: float = 0.0, bad: float = 0.0) -> TrafficWindow:
        """The window after these totals at this second."""
        self.now = at
        requests = {("search", "2xx"): search, ("search", "5xx"): bad, ("graph", "2xx"): graph}
        durations = {"search": HistogramData({0.1: search, inf: search}, search / 10, search)}
        totals = RequestTotals(requests, durations, {}, None, None, None, None, None, 1, True)
        self.window.record(totals)
        return self.window


@pytest.mark.parametrize(
    ("now", "then", "added"), [(7, 4, 3), (4, 4, 0), (3, 4, 3), (5, None, 5), (None, 4, 0)]
)
def test_a_counter_that_falls_began_again(now: float | None, then: float | None, added: float) -> None:
    after, before = ({} if it is None else {"search": it} for it in (now, then))
    assert increase(after, before, "search") == added


@pytest.mark.parametrize(
    ("buckets", "slow"),
    [
        ({0.1: 4.0, 0.5: 7.0, 1.0: 9.0, inf: 10.0}, 3),
        ({0.1: 4.0, 0.4: 6.0, 1.0: 9.0, inf: 10.0}, 4),
        ({1.0: 4.0, inf: 10.0}, 0),
        ({}, 0),
    ],
)
def test_a_request_is_slow_that_took_longer_than_the_next_bound(
    buckets: dict[float, float], slow: float
) -> None:
    sample = TrafficSample(0.0, {}, {}, {"search": HistogramData(buckets, 3.0, 10.0)})
    assert slow_requests(sample, "search", 0.5) == slow
    assert slow_requests(sample, "graph", 0.5) == 0


@pytest.mark.parametrize(
    ("added", "earlier", "rises"),
    [
        ((10, 3, 0), (0, 0, 0), True),
        ((10, 2, 0), (0, 0, 0), False),
        ((10, 0, 3), (100, 0, 0), True),
        ((10, 6, 0), (100, 10, 0), True),
        ((10, 5, 0), (100, 10, 0), False),
        ((10, 0, 5), (100, 0, 10), False),
        ((50, 17, 0), (100, 10, 0), False),
        ((50, 18, 0), (100, 10, 0), True),
    ],
)
def test_a_rise_is_far_more_than_what_was_before(
    added: tuple[float, float, float], earlier: tuple[float, float, float], rises: bool
) -> None:
    assert has_risen(RequestCounts(*added), RequestCounts(*earlier)) == rises


def test_counts_are_added_and_scaled() -> None:
    counts = RequestCounts(10, 2, 1).plus(RequestCounts(5, 1, 3)).scaled(2)
    assert counts == RequestCounts(30, 6, 8)


def test_the_rate_is_that_of_all_modules_in_the_last_sixth_of_the_window() -> None:
    traffic = Traffic()
    assert traffic.window.rate() is None
    assert traffic.record(0.0, 100).rate() is None
    assert traffic.record(5.0, 110, graph=5).rate() == 3
    assert traffic.record(10.0, 120, graph=5).rate() == 2.5
    for _ in range(2):
        assert traffic.record(20.0, 120, graph=35).rate() == 3


def test_the_rate_of_before_an_outage_is_kept_while_late_requests_end() -> None:
    traffic = Traffic()
    traffic.record(0.0, 100)
    traffic.record(10.0, 150)
    traffic.is_recovering = True
    assert traffic.record(11.0, 400).rate() == pytest.approx(300 / 11)
    assert traffic.record(12.0, 900).rate() == pytest.approx(300 / 11)
    traffic.is_recovering = False
    assert traffic.record(14.0, 900).rate() == 0


def test_the_window_holds_no_more_samples_than_it_needs() -> None:
    traffic = Traffic()
    for n in range(2000):
        traffic.record(n / 10, 0)
    samples = traffic.window._samples
    assert len(samples) == pytest.approx(SAMPLES_PER_WINDOW + 1, abs=1)
    assert {round(b.at - a.at, 1) for a, b in zip(samples, [*samples][1:], strict=False)} == {0.5}
    assert traffic.now - samples[0].at == pytest.approx(60.0, abs=0.5)


@pytest.mark.parametrize(("last", "begins"), [(69.0, 0.0), (70.0, 20.0), (95.0, 20.0)])
def test_the_window_begins_with_the_totals_nearest_to_its_length_ago(last: float, begins: float) -> None:
    traffic = Traffic()
    for at in (0.0, 20.0, last):
        traffic.record(at, 0)
    assert traffic.window._samples[0].at == begins


def test_totals_of_the_same_moment_bring_no_verdict_nearer() -> None:
    traffic = Traffic()
    traffic.record(0.0, 100)
    assert not traffic.window.is_verdict_near()
    assert not traffic.window.may_trouble_have_begun()
    assert not traffic.record(0.0, 145, bad=5).is_verdict_near()


def test_trouble_that_goes_on_is_told_while_nothing_new_fails() -> None:
    traffic = Traffic()
    traffic.record(0.0, 100)
    assert traffic.record(1.0, 100, bad=20).status("search") == "down"
    assert traffic.record(2.0, 101, bad=20).status("search") == "down"
    assert traffic.window.status("graph") == "unknown"
    assert traffic.window.status("stock") == "unknown"


@pytest.mark.parametrize(("share", "value"), [(0.5, 0.1), (0.75, 0.3), (1.0, 0.46)])
def test_a_quantile_is_that_of_what_was_added(share: float, value: float) -> None:
    then = HistogramData({0.1: 40.0, 0.5: 40.0, inf: 40.0}, 4.0, 40.0)
    now = HistogramData({0.1: 50.0, 0.5: 60.0, inf: 60.0}, 9.0, 60.0)
    assert quantile_of_increase(share, now, then) == pytest.approx(value)


def test_a_histogram_that_began_again_is_taken_as_it_is() -> None:
    then = HistogramData({0.1: 90.0, inf: 90.0}, 4.0, 90.0)
    now = HistogramData({0.1: 0.0, 0.5: 20.0, inf: 20.0}, 4.0, 20.0)
    assert quantile_of_increase(0.5, now, then) == pytest.approx(0.3)
    assert quantile_of_increase(0.5, then, then) is None
