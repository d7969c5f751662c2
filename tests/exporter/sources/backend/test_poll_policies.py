"""How often each kind of route is polled, by the settings."""

from math import inf

import pytest

from exporter.poll_policy import PollPolicy
from exporter.settings_backend import BackendSettings
from exporter.sources.backend.poll_policies import BackendPolicies


def test_the_policies_of_the_default_settings() -> None:
    policies = BackendPolicies(BackendSettings())
    assert policies.totals == policies.pool == PollPolicy(1.0, min_interval=0.25, relaxed_interval=0.5)
    assert policies.by_route == PollPolicy(1.0, min_interval=5.0)
    assert policies.probe == PollPolicy(1.0, min_interval=0.25, relaxed_interval=10.0)
    assert policies.module == PollPolicy(1.0, interval=30.0)
    assert policies.background == PollPolicy(1.0, interval=30.0, max_backoff=30.0, may_be_absent=True)


def test_what_counts_in_the_database_is_given_the_time_of_each_of_its_windows() -> None:
    rare = BackendPolicies(BackendSettings(timeout=2.0)).rare
    assert (rare.timeout, rare.interval, rare.backoff_base, rare.max_backoff) == (6.0, 300.0, 30.0, 900.0)
    assert rare.may_be_absent


@pytest.mark.parametrize(
    ("period", "interval", "gap", "longest"), [(None, inf, 60, 1800), (90, 90, 60, 1800), (20, 20, 20, 600)]
)
def test_what_blocks_the_backend_is_polled_on_change_or_as_the_settings_say(
    period: float | None, interval: float, gap: float, longest: float
) -> None:
    policies = BackendPolicies(BackendSettings(blocking_period=period))
    blocking = policies.blocking
    assert (blocking.timeout, blocking.interval, policies.block_gap) == (15.0, interval, gap)
    assert (blocking.min_refresh_gap, blocking.backoff_base, blocking.max_backoff) == (gap, gap, longest)
    assert blocking.may_be_absent


def test_no_period_is_shorter_than_that_of_a_closer_look() -> None:
    settings = BackendSettings(fast_period=2.0, calm_period=0.5, probe_period=1.0, period=3.0)
    policies = BackendPolicies(settings)
    assert policies.totals.relaxed_interval == policies.pool.relaxed_interval == 2.0
    assert policies.probe.relaxed_interval == 2.0
    assert policies.by_route.min_interval == 3.0
