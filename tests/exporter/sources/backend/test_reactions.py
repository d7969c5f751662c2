"""What the outcome of one request of ours means for the others."""

import asyncio
from math import inf
from typing import Any

import pytest

from exporter.errors import RequestFailed, SourceError, SourceTimeout
from exporter.poll_schedule import SPARED
from exporter.settings import Settings
from exporter.sources.backend.pool import PoolUsage
from exporter.sources.backend.request_totals import RequestTotals
from exporter.sources.backend.source import BackendSource
from exporter.sources.http_response import RequestOutcome

CALM, FAST, NOW = 0.5, 0.25, 1000.0
ROUTE = "/api/monitoring/events"


@pytest.fixture
def source() -> BackendSource:
    """A backend that has answered a ping."""
    found = BackendSource(Settings.model_validate({"limits": {"own_share": 1.0}}))
    assert (found.is_wedged(), found.totals.interval(), found.pool.interval()) == (None, CALM, CALM)
    found.totals._clock = found.pool._clock = lambda: NOW
    found.liveness.record_ping_response(0.0, 0.01)
    return found


def totals(good: float = 0.0, bad: float = 0.0, in_progress: float = 0.0) -> RequestTotals:
    """So many requests to the module search."""
    requests = {("search", "2xx"): good, ("search", "5xx"): bad}
    return RequestTotals(requests, {}, {"all": in_progress}, None, None, None, None, None, 1, True)


def pool(checked_out: float | None, sustained: float | None) -> PoolUsage:
    """A report of a pool of twenty."""
    return PoolUsage(20, checked_out, None, None, None, sustained)


def test_a_backend_is_wedged_that_is_silent(source: BackendSource) -> None:
    assert source.is_wedged() is False
    source.liveness.record_ping_refused()
    assert source.is_wedged() is False
    for _ in range(3):
        source.liveness.record_ping_silent()
    assert source.is_wedged() is True


@pytest.mark.parametrize(
    ("outcome", "stalled", "has_pinged", "sent"),
    [
        ({"status": 200}, False, False, 1),
        ({"status": 500}, False, False, 1),
        ({"status": 503}, False, False, 1),
        ({"timed_out": True}, True, True, 1),
        ({"refused": True}, False, True, 0),
        ({}, False, False, 1),
    ],
)
def test_the_outcome_of_a_request_is_one_of_the_backend(
    source: BackendSource, outcome: dict[str, Any], stalled: bool, has_pinged: bool, sent: int
) -> None:
    source.liveness.ping_requested.clear()
    source.client.on_outcome(RequestOutcome(ROUTE, **outcome))
    assert (source.liveness.stalled, source.liveness.ping_requested.is_set()) == (stalled, has_pinged)
    assert sum(sum(it.values()) for it in source.own_requests._sent.values()) == sent


@pytest.mark.parametrize(
    ("status", "is_ended"), [(200, True), (404, True), (502, False), (503, False), (504, False)]
)
def test_a_response_of_the_backend_ends_a_stall_and_one_of_its_proxy_does_not(
    source: BackendSource, status: int, is_ended: bool
) -> None:
    source.liveness.record_timeout()
    source.client.on_outcome(RequestOutcome(ROUTE, status))
    assert source.liveness.stalled != is_ended


def test_a_route_that_blocked_the_backend_is_suspended_with_those_like_it(source: BackendSource) -> None:
    for query in ("/events", "ingestion jobs", source.totals.query, source.pool.query):
        source.limiter.on_block(query)
    suspended = {"/events", "ingestion health", "ingestion worker status", "ingestion worker health"}
    assert source.limiter._suspended.keys() == {*suspended, "ingestion jobs"}


def test_a_backend_that_is_back_is_polled_anew(source: BackendSource) -> None:
    source.events.record_failure(RequestFailed("no", 404))
    assert source.events.absent
    source.liveness.record_ping_refused()
    source.liveness.record_ping_response(0.0, 0.01)
    assert not source.events.absent


@pytest.mark.parametrize(
    ("usage", "is_verified"),
    [
        (pool(10, 0.0), False), (pool(11, 0.0), True), (pool(11, 0.55), False), (pool(12, 0.55), True),
        (pool(None, None), False),
    ],
)  # fmt: skip
def test_a_pool_that_has_filled_is_looked_at_again_at_once(
    source: BackendSource, usage: PoolUsage, is_verified: bool
) -> None:
    source._reader.on_pool(usage)
    assert source.pool.seconds_to_refresh() == (pytest.approx(0.1) if is_verified else inf)
    assert source.limiter._reserved_for == (source.pool.query if is_verified else None)


@pytest.mark.parametrize(
    ("in_progress", "pool_interval", "totals_interval"), [(0, CALM, CALM), (1, FAST, CALM), (3, FAST, FAST)]
)
def test_requests_in_progress_have_the_pool_looked_at_more_often(
    source: BackendSource, in_progress: float, pool_interval: float, totals_interval: float
) -> None:
    source._reader.on_totals(totals(in_progress=in_progress), False)
    assert (source.pool.interval(), source.totals.interval()) == (pool_interval, totals_interval)
    assert source.reads == 1
    assert source.totals.last_result == totals(in_progress=in_progress)


@pytest.mark.parametrize(("in_progress", "seconds"), [(1, FAST), (2, FAST), (3, 1.0)])
def test_the_more_requests_are_in_progress_the_longer_the_pool_is_watched(
    source: BackendSource, in_progress: float, seconds: float
) -> None:
    source._reader.on_totals(totals(in_progress=in_progress), False)
    assert source.pool._fast_until[SPARED] == NOW + seconds


@pytest.mark.parametrize(
    ("is_near", "has_begun", "kept"), [(False, False, None), (True, True, 0.0), (False, True, SPARED / 2)]
)
def test_trouble_has_the_totals_looked_at_more_often(
    source: BackendSource, monkeypatch: pytest.MonkeyPatch, is_near: bool, has_begun: bool, kept: float | None
) -> None:
    monkeypatch.setattr(source.traffic, "is_verdict_near", lambda: is_near)
    monkeypatch.setattr(source.traffic, "may_trouble_have_begun", lambda: has_begun)
    source._reader.on_totals(totals(), False)
    assert [*source.totals._fast_until] == ([] if kept is None else [kept])


@pytest.mark.parametrize(("bad", "interval"), [(0, 10.0), (50, FAST)])
def test_a_module_in_trouble_has_its_health_route_looked_at_more_often(
    source: BackendSource, bad: float, interval: float
) -> None:
    for counted in (totals(100), totals(100, bad)):
        source._reader.on_totals(counted, False)
    assert source.probes["search"].interval() == interval
    assert source.probes["quality"].interval() == 10.0


@pytest.mark.parametrize(
    ("error", "is_another", "is_retried"),
    [
        (None, False, False), (None, True, True), (RequestFailed("no", 404), False, True),
        (RequestFailed("no"), False, False), (SourceTimeout("silent"), False, False),
    ],
)  # fmt: skip
def test_another_process_or_a_proxy_that_has_found_the_backend_has_all_routes_tried_anew(
    source: BackendSource,
    monkeypatch: pytest.MonkeyPatch,
    error: SourceError | None,
    is_another: bool,
    is_retried: bool,
) -> None:
    source.events.record_failure(RequestFailed("no", 404))
    if error is not None:
        source.totals.record_failure(error)
    # a poll of the totals is under way, as always where there is a page of them
    monkeypatch.setattr(source.totals, "adopt", lambda _: None)
    source._reader.on_totals(totals(), is_another)
    assert source.events.absent != is_retried
    source.events.record_failure(RequestFailed("no", 404))
    source._reader.on_totals(totals(), False)
    assert source.events.absent, "once a minute at most"


def test_a_stall_is_an_outage_whose_end_is_known(
    source: BackendSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(source.recovery, "_clock", lambda: now)
    source.liveness.record_timeout()
    source._reader.on_totals(totals(), False)
    now += 3.0
    assert not source.recovery.is_under_way()
    source.liveness.record_response()
    source._reader.on_totals(totals(), False)
    assert source.recovery.is_under_way()


@pytest.mark.parametrize(
    "server",
    ["database", "Redis", "broker", "connection pool", "backend"],
    ids=lambda it: it.replace(" ", "-"),
)
def test_the_return_of_each_server_is_known(
    source: BackendSource, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    now, is_up = source.recovery._began + 60.0, True
    monkeypatch.setattr(source.recovery, "_clock", lambda: now)
    asked = {"database": "is_database_up", "Redis": "is_redis_up", "broker": "is_broker_up"}

    def see(up: bool) -> bool:
        nonlocal is_up, now
        is_up, now = up, now + 5.0
        if server == "backend":
            happens = source.liveness.record_response if up else source.liveness.record_ping_refused
            happens()
        elif server == "connection pool":
            source.pool.adopt(pool(20, 0.9 if up else 1.0))
        return source.is_recovering()

    if server in asked:
        monkeypatch.setattr(source, asked[server], lambda: is_up)
    assert [see(up) for up in (True, True, False, False, True)] == [False, False, False, False, True]
    now += 12.0
    assert not source.is_recovering()


def test_after_an_outage_a_scrape_has_the_requests_read_at_once(
    source: BackendSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source.recovery, "is_reading_due", lambda since: since == inf)
    assert asyncio.run(source.is_up()) is True
    assert source.totals.seconds_to_refresh() == 0
    source.totals.adopt(totals())
    assert asyncio.run(source.is_up()) is True
    assert source.totals.seconds_to_refresh() == inf
