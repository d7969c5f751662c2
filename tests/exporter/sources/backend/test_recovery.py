"""Servers that come back: what was waiting for them ends late and badly, and proves nothing."""

import pytest

from exporter.sources.backend.recovery import RecoveryTracker
from tests.exporter.clock import Clock


class Watch:
    """A tracker to which one tells, second by second, which servers respond; it began a minute ago."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.now = -60.0
        self.tracker = RecoveryTracker(self.clock)

    def see(self, at: float, **servers: bool | None) -> RecoveryTracker:
        """What responds at this second; True, False or unknown."""
        self.clock.now = at
        for name, is_up in servers.items():
            self.tracker.record(name, is_up)
        return self.tracker


def test_after_an_outage_the_requests_are_read_twice_however_rarely_otherwise() -> None:
    watch = Watch()
    for at, works in ((0.0, True), (1.0, False), (10.0, True)):
        watch.see(at, database=works)
    read_at, readings = 5.0, []
    for at in range(10, 60):
        watch.clock.now = float(at)
        if watch.tracker.is_reading_due(at - read_at):
            readings.append(read_at := float(at))
        # it flaps, and is read after its first return alone
        watch.see(at, database=at % 4 < 2 or at > 40)
    assert readings == [19.0, 31.0]


def test_a_busy_moment_is_no_outage_but_rules_wait_after_it() -> None:
    watch = Watch()
    for at, works in ((0.0, True), (1.0, False), (2.0, True)):
        watch.see(at, pool=works)
    assert not watch.tracker.is_under_way()
    assert watch.tracker.has_just_returned()
    assert not watch.see(14.5, pool=True).has_just_returned()


def test_what_was_up_at_first_sight_has_not_returned() -> None:
    assert not Watch().see(0.0, database=True, redis=True).has_just_returned()


def test_after_the_start_of_the_exporter_rules_wait_for_it_may_have_missed_an_outage() -> None:
    watch = Watch()
    assert watch.see(-49.0, database=True).has_just_returned()
    assert not watch.see(-47.0, database=True).has_just_returned()


@pytest.mark.parametrize("broker", [False, None], ids=["away", "unknown"])
def test_one_of_two_servers_returns(broker: bool | None) -> None:
    watch = Watch()
    watch.see(0.0, redis=True, broker=True)
    watch.see(1.0, redis=False, broker=broker)
    assert not watch.see(20.0, redis=False, broker=broker).has_just_returned()
    assert watch.see(20.5, redis=True, broker=broker).has_just_returned()


def test_what_is_unknown_has_not_returned() -> None:
    watch = Watch()
    watch.see(0.0, broker=True)
    watch.see(1.0, broker=None)
    assert not watch.see(3.0, broker=True).has_just_returned()
    watch.see(4.0, pool=False)
    assert not watch.see(5.0, pool=None).has_just_returned()
    # full when it was last known, long ago
    assert not watch.see(600.0, pool=True).has_just_returned()


def test_a_server_that_comes_and_goes_holds_nothing_back_while_it_is_gone() -> None:
    watch = Watch()
    watch.see(0.0, redis=False)
    assert watch.see(3.0, redis=True).has_just_returned()
    assert not watch.see(5.0, redis=False).has_just_returned()


def test_a_stalled_backend_is_an_outage_and_rules_do_not_wait_after_it() -> None:
    watch = Watch()
    watch.tracker.record_stall(True)
    watch.clock.now = 3.0
    watch.tracker.record_stall(False)
    assert watch.tracker.is_under_way()
    assert not watch.tracker.has_just_returned()


@pytest.mark.parametrize(("away", "is_outage"), [(1.9, False), (2.0, True)])
def test_an_outage_lasts_two_seconds_at_least(away: float, is_outage: bool) -> None:
    watch = Watch()
    watch.see(0.0, database=True)
    watch.see(1.0, database=False)
    watch.see(1.5, database=False)
    assert watch.see(1.0 + away, database=True).is_under_way() == is_outage
    watch.clock.now += 9.9
    assert watch.tracker.is_under_way() == is_outage
    watch.clock.now += 0.1
    assert not watch.tracker.is_under_way()


@pytest.mark.parametrize(("later", "waits"), [(11.9, True), (12.0, False)])
def test_rules_wait_for_twelve_seconds_after_a_return(later: float, waits: bool) -> None:
    watch = Watch()
    watch.see(0.0, database=False)
    watch.see(1.0, database=True)
    assert watch.see(1.0 + later, redis=True).has_just_returned() == waits


@pytest.mark.parametrize(("unseen", "waits"), [(11.9, True), (12.0, False)])
def test_what_was_not_looked_at_for_long_has_not_just_returned(unseen: float, waits: bool) -> None:
    watch = Watch()
    watch.see(0.0, database=False)
    assert watch.see(unseen, database=True).has_just_returned() == waits


@pytest.mark.parametrize(("apart", "readings"), [(59.0, 1), (60.0, 2)])
def test_the_requests_are_read_after_one_return_a_minute(apart: float, readings: int) -> None:
    watch, due = Watch(), 0
    for began in (0.0, apart):
        watch.see(began - 3, database=False)
        watch.see(began, database=True)
        watch.clock.now = began + 9.0
        due += watch.tracker.is_reading_due(9.5)
    assert due == readings


@pytest.mark.parametrize(
    ("since_return", "since_reading", "is_due"),
    [(8.9, 99.0, False), (9.0, 0.5, True), (9.5, 0.5, False), (9.5, 0.6, True), (20.9, 11.0, False),
     (21.0, 0.5, True), (22.0, 1.0, False)],
)  # fmt: skip
def test_the_requests_are_read_twice_after_a_return(
    since_return: float, since_reading: float, is_due: bool
) -> None:
    watch = Watch()
    watch.see(0.0, database=False)
    watch.see(3.0, database=True)
    watch.clock.now = 3.0 + since_return
    assert watch.tracker.is_reading_due(since_reading) == is_due
