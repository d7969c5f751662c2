"""A report is held against an observation of the same moment, and never against one that came later."""

from math import inf
from typing import Any

import pytest

from exporter.collectors.self_reports.checks import is_current
from exporter.collectors.self_reports.comparison import Comparison, ComparisonInput
from exporter.collectors.self_reports.observations import Observations
from exporter.collectors.self_reports.reports import Reports
from exporter.polling import Poller
from exporter.settings import Settings
from exporter.settings_backend import JudgementSettings
from exporter.sources.backend.source import BackendSource
from exporter.sources.database.source import DatabaseSource
from exporter.status import (
    MAX_SUBJECTS,
    StateChanges,
    effective_status,
    lower_bound,
    parse_status,
    significant_status,
    status_from_error_ratio,
    worst_status,
)

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


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("healthy", "healthy"), (" OK\n", "healthy"), ("Warning", "degraded"), ("OFFLINE", "down"),
        ("teapot", "unknown"), ("", "unknown"), (None, "unknown"), (True, "unknown"), (["ok"], "unknown"),
    ],
)  # fmt: skip
def test_a_word_of_the_backend_is_one_of_four_statuses(word: object, status: str) -> None:
    assert parse_status(word) == status


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ((), "unknown"), (("unknown",), "unknown"), (("unknown", "healthy"), "healthy"),
        (("healthy", "degraded"), "degraded"), (("degraded", "down", "healthy"), "down"),
    ],
)  # fmt: skip
def test_the_worst_status_counts_and_an_unknown_one_only_alone(statuses: tuple[str, ...], worst: str) -> None:
    assert worst_status(statuses) == worst


@pytest.mark.parametrize(
    ("reported", "observed", "status"),
    [
        ("down", "healthy", "healthy"), ("healthy", "down", "down"), ("healthy", "unknown", "unknown"),
        ("degraded", "unknown", "degraded"), ("down", "unknown", "down"), ("unknown", "unknown", "unknown"),
    ],
)  # fmt: skip
def test_a_healthy_report_alone_is_not_believed(reported: str, observed: str, status: str) -> None:
    assert effective_status(reported, observed) == status


@pytest.mark.parametrize(
    ("total", "failed", "status"),
    [
        (4, 4, "unknown"), (5, 0, "healthy"), (5, 1, "healthy"), (5, 2, "degraded"), (40, 2, "healthy"),
        (41, 2, "healthy"), (39, 2, "degraded"), (20, 9, "degraded"), (20, 10, "down"), (20, 20, "down"),
    ],
)  # fmt: skip
def test_trouble_goes_on_while_the_share_of_failures_is_beyond_its_level(
    total: float, failed: float, status: str
) -> None:
    assert status_from_error_ratio(total, failed, JudgementSettings()) == status


@pytest.mark.parametrize(
    ("total", "failed", "status"),
    [
        (4, 4, "unknown"), (5, 1, "healthy"), (2, 1, "unknown"), (5, 2, "healthy"), (5, 3, "unknown"),
        (10, 5, "unknown"), (12, 5, "healthy"), (8, 6, "degraded"), (6, 6, "down"), (26, 6, "degraded"),
        (60, 6, "healthy"),
    ],
)  # fmt: skip
def test_a_verdict_needs_failures_that_chance_does_not_explain(
    total: float, failed: float, status: str
) -> None:
    assert significant_status(total, failed, JudgementSettings()) == status


def test_few_failures_out_of_few_requests_are_judged_where_the_settings_allow_it() -> None:
    limits = JudgementSettings(requests=1, failures=1)
    assert significant_status(1, 1, limits) == "degraded"
    assert status_from_error_ratio(1, 1, limits) == "healthy"


def test_the_bound_of_a_share_is_no_less_than_0_and_known_for_no_requests() -> None:
    assert lower_bound(0, 0, 0.99) == 0
    assert lower_bound(0, 10, 0.99) == 0
    assert lower_bound(10, 10, 0.99) == pytest.approx(10 / (10 + 2.3263**2), rel=1e-3)


def test_a_status_holds_since_it_was_first_observed() -> None:
    since = StateChanges()
    seen = [since.record("search", it, at) for at, it in enumerate(("unknown", "down", "down", "healthy"))]
    assert seen == [-inf, -inf, -inf, 3]
    assert since.record("search", "unknown", 4.0) == 3
    assert since.record("graph", "healthy", 5.0) == -inf


def test_a_disagreement_is_as_old_as_its_beginning() -> None:
    since = StateChanges()
    assert since.disagreement_since("search", False, 1.0) is None
    assert since.disagreement_since("search", True, 2.0) == 2
    assert since.disagreement_since("search", True, 3.0) == 2
    assert since.disagreement_since("search", False, 4.0) is None
    assert since.disagreement_since("search", True, 5.0) == 5


def test_no_more_subjects_are_remembered_than_allowed() -> None:
    since = StateChanges()
    for number in range(MAX_SUBJECTS + 1):
        since.record(str(number), "down", 1.0)
        since.disagreement_since(str(number), True, 1.0)
    last, beyond = str(MAX_SUBJECTS - 1), str(MAX_SUBJECTS)
    assert [since.record(it, "healthy", 2.0) for it in (last, beyond)] == [2, -inf]
    assert since.record(beyond, "down", 3.0) == -inf
    assert [since.disagreement_since(it, True, 2.0) for it in (last, beyond)] == [1, 2]
