"""A report is held against an observation of the same moment, and never against one that came later."""

from math import inf
from typing import Any

from exporter.collectors.self_reports.checks import is_current
from exporter.collectors.self_reports.comparison import Comparison, ComparisonInput
from exporter.collectors.self_reports.observations import Observations
from exporter.collectors.self_reports.reports import Reports
from exporter.polling import Poller
from exporter.settings import Settings
from exporter.sources.backend.source import BackendSource
from exporter.sources.database.source import DatabaseSource
from exporter.status import StateChanges

START = 1000.0


class Watching:
    """Looks at one subject, whose report came at a given time."""

    def __init__(self, reported_at: float | None = START, reported: str = "healthy") -> None:
        self._reported = reported
        self._backend = BackendSource(Settings())
        self._since = StateChanges()
        self.report: Poller[Any] = self._backend.database
        self.report.requested_at = self.report.result_requested_at = reported_at

    def compares(self, observed: str, now: float, may_block: bool = True) -> bool:
        """Whether the report may be held against this observation."""
        sight = ComparisonInput(
            Settings(),
            now,
            Reports(),
            Observations(may_block=may_block),
            self._backend,
            DatabaseSource(Settings().database),
            self._since,
        )
        return is_current(sight, Comparison("database", self._reported, observed, self.report))


def test_a_report_of_before_the_fault_is_renewed_and_not_compared() -> None:
    it = Watching()
    assert it.compares("healthy", START + 15)
    assert not it.compares("down", START + 30)
    assert it.report.next_due() <= START + 30
    it.report.result_requested_at = START + 31
    assert it.compares("down", START + 45)


def test_a_disagreement_ends_with_the_fault() -> None:
    it = Watching(START + 31)
    it.compares("healthy", START)
    it.compares("down", START + 30)
    assert it.compares("down", START + 45)
    assert not it.compares("healthy", START + 60), "what was said during the fault is held against its end"


def test_a_report_of_a_short_bad_moment_is_renewed_before_it_disagrees() -> None:
    it = Watching(reported="down")
    assert not it.compares("healthy", START + 15), "nobody has asked again"
    it.report.result_requested_at = START + 16
    assert it.compares("healthy", START + 30), "it says the same still"


def test_a_disagreement_that_lasts_is_looked_into_ever_more_seldom() -> None:
    it = Watching(reported="down")
    it.report = it._backend.health
    it.report.requested_at = it.report.result_requested_at = START
    it.compares("healthy", START)
    renewals, now = list[float](), START
    for _ in range(960):
        now += 15
        assert it.compares("healthy", now)
        if it.report.next_due() <= now:
            renewals.append(now - START)
            it.report.result_requested_at = it.report.requested_at = now
            it.report._refresh_at = inf
    assert 4 < len(renewals) < 12
    assert renewals[0] == 315


def test_what_is_unknown_for_a_while_is_no_change() -> None:
    it = Watching()
    for observed in ("healthy", "unknown", "healthy"):
        assert it.compares(observed, START + 15)


def test_a_report_that_was_never_asked_for_is_asked_for_once() -> None:
    it = Watching(None)
    assert not it.compares("unknown", START)
    assert it.report.next_due() < inf
    it.report.requested_at = START
    assert it.compares("unknown", START + 15)


def test_no_report_is_renewed_that_would_hang_on_a_silent_server() -> None:
    it = Watching()
    it.report = it._backend.health
    assert not it.compares("down", START, may_block=False)
    assert it.report.next_due() == inf
    assert not it.compares("down", START, may_block=True)
    assert it.report.next_due() < inf


def test_two_requests_that_block_are_a_minute_apart() -> None:
    health = BackendSource(Settings()).health
    health.requested_at = health.result_requested_at = START
    health.request_refresh()
    assert health.next_due() == START + 60
