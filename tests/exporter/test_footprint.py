"""Our requests to a source are counted, and sent less often where they would take more than their share."""

import asyncio

import pytest

from exporter.footprint import (
    CALM_PART,
    MAX_CREDIT,
    ExchangeTimer,
    Footprint,
    busy_seconds,
    count_busy_time,
)
from tests.exporter.clock import Clock


def polled(footprint: Footprint, **queries: tuple[float, float]) -> dict[str, float]:
    """The intervals in force of these queries, each with its cost and its wanted interval in seconds."""
    for query, (cost, wanted) in queries.items():
        footprint.interval(query, wanted)
        for _ in range(3):
            footprint.spend(query, cost)
    return {query: footprint.interval(query, wanted) for query, (_, wanted) in queries.items()}


def test_what_fits_into_the_budget_is_polled_as_set() -> None:
    footprint = Footprint("backend", 0.02)
    assert polled(footprint, page=(0.005, 0.5), pool=(0.002, 1.0)) == {"page": 0.5, "pool": 1.0}
    assert footprint.stretch == 1


def test_slow_responses_stretch_the_interval_until_the_budget_holds() -> None:
    footprint = Footprint("backend", 0.02)
    assert polled(footprint, page=(0.05, 0.5))["page"] == pytest.approx(2.5 / CALM_PART)
    assert footprint.stretch == pytest.approx(5 / CALM_PART)


def test_an_expensive_query_does_not_slow_the_cheap_ones_down() -> None:
    found = polled(Footprint("backend", 0.02), report=(3.0, 30.0), page=(0.004, 0.5), pool=(0.002, 1.0))
    assert (found["page"], found["pool"]) == (0.5, 1.0)
    assert found["report"] == pytest.approx(3.0 / (CALM_PART * 0.02 - 0.008 - 0.002))


def test_all_queries_together_stay_within_the_budget() -> None:
    costs = {f"route{n}": (0.001 * 3**n, 1.0) for n in range(6)}
    found = polled(Footprint("backend", 0.02), **costs)
    assert sum(cost / found[query] for query, (cost, _) in costs.items()) == pytest.approx(CALM_PART * 0.02)


def test_without_a_budget_nothing_is_stretched() -> None:
    footprint = Footprint("prometheus")
    assert polled(footprint, query=(4.0, 15.0)) == {"query": 15.0}
    assert footprint.stretch == 1
    assert footprint.interval("query", 15.0, 0.25, 999.0) == 0.25


@pytest.mark.parametrize(("spared", "interval"), [(0.9, 0.25), (MAX_CREDIT, 1.0)])
def test_a_closer_look_uses_only_what_is_saved_beyond_what_is_spared(spared: float, interval: float) -> None:
    assert Footprint("backend", 0.02, Clock(1000.0)).interval("page", 1.0, 0.25, spared) == interval


def test_what_a_request_waits_behind_others_is_no_work_of_ours() -> None:
    footprint = Footprint("backend", 0.02)
    footprint.interval("page", 0.5)
    for seconds in (0.004, 0.004, 2.0, 0.004, 0.9, 0.004):
        footprint.spend("page", seconds)
    assert footprint.interval("page", 0.5) == 0.5
    assert [(query, count) for query, count, _ in footprint.totals()] == [("page", 6)]
    assert sum(seconds for _, _, seconds in footprint.totals()) == pytest.approx(4 * 0.004 + 2 * 0.008)


def test_the_share_is_that_of_the_last_minute() -> None:
    clock = Clock(1000.0)
    footprint = Footprint("backend", 0.02, clock)
    footprint.spend("health", 3.0)
    assert footprint.share() == pytest.approx(0.05)
    clock.now += 61
    assert footprint.share() == 0


def test_what_was_saved_may_be_used_for_a_closer_look() -> None:
    clock = Clock(1000.0)
    footprint = Footprint("backend", 0.02, clock)
    polled(footprint, page=(0.01, 1.0))
    assert closer_looks(footprint, clock) == pytest.approx(MAX_CREDIT / (0.01 - 0.25 * 0.02), rel=0.1)
    assert footprint.interval("page", 1.0, 0.25) == 1.0


def test_a_hint_leaves_half_of_what_was_saved_to_a_clear_sign() -> None:
    clock = Clock(1000.0)
    footprint = Footprint("backend", 0.02, clock)
    polled(footprint, page=(0.01, 1.0))
    hints = closer_looks(footprint, clock, MAX_CREDIT / 2)
    assert footprint.interval("page", 1.0, 0.25, MAX_CREDIT / 2) == 1.0
    assert closer_looks(footprint, clock) == pytest.approx(hints, rel=0.1)


def test_a_request_that_blocks_and_a_full_plan_leave_a_closer_look() -> None:
    clock = Clock(1000.0)
    footprint = Footprint("backend", 0.02, clock)
    polled(footprint, page=(0.05, 0.5))
    assert 15 < closer_looks(footprint, clock, cost=0.05) < 25
    footprint.spend("health", 3.0)
    # a tenth of the budget is never planned
    clock.now += 300
    assert closer_looks(footprint, clock, cost=0.05) > 10


def closer_looks(footprint: Footprint, clock: Clock, spared: float = 0.0, cost: float = 0.01) -> int:
    """How many polls are made at the shortest interval until nothing that may be used is left."""
    looks = 0
    while footprint.interval("page", 1.0, 0.25, spared) == 0.25:
        footprint.spend("page", cost)
        clock.now += 0.25
        looks += 1
        assert looks < 1000
    return looks


def test_a_poll_that_waits_without_troubling_its_source_counts_for_what_it_did() -> None:
    clock = Clock(1000.0)
    footprint = Footprint("broker", 0.02, clock)
    with footprint.poll("inspect"):
        with count_busy_time():
            pass
        clock.now += 1.0
    assert sum(seconds for _, _, seconds in footprint.totals()) < 0.01


def test_the_first_request_of_a_query_costs_what_it_took() -> None:
    clock = Clock(1000.0)
    footprint = Footprint("backend", 0.02, clock)
    assert [footprint.interval("page", 1.0), footprint.share(), *footprint.totals()] == [1.0, 0.0]
    footprint.spend("page", 0.6)
    assert [*footprint.totals()] == [("page", 1, 0.6)]
    assert footprint.interval("page", 1.0) == 1.0, "it may have waited, so it stretches nothing yet"
    footprint.spend("page", 0.6)
    assert footprint.interval("page", 1.0) == pytest.approx(0.6 / (CALM_PART * 0.02))


def test_one_response_of_eight_may_be_faster_than_the_work() -> None:
    footprint = Footprint("backend", 0.02, Clock(1000.0))
    for seconds in (0.001, *7 * (0.4,)):
        footprint.spend("page", seconds)
    assert footprint.interval("page", 1.0) == pytest.approx(0.4 / (CALM_PART * 0.02))
    for seconds in (0.001, 0.001):
        footprint.spend("page", seconds)
    assert footprint.interval("page", 1.0) == 1.0


def test_the_cost_is_that_of_the_newest_requests() -> None:
    footprint = Footprint("backend", 0.02, Clock(1000.0))
    for seconds in (*12 * (0.4,), *12 * (0.001,)):
        footprint.spend("page", seconds)
    assert footprint.interval("page", 1.0) == 1.0


def test_a_minute_ago_is_part_of_the_share_of_the_last_minute() -> None:
    clock = Clock(1000.0)
    footprint = Footprint("backend", 0.02, clock)
    for _ in range(3):
        footprint.spend("page", 0.6)
        clock.now += 30
    assert footprint.share() == pytest.approx(0.02)
    clock.now += 0.1
    assert footprint.share() == pytest.approx(0.01)


@pytest.mark.parametrize(("budget", "gap"), [(0.02, 0.5 / 0.01), (0.1, 0.5 / 0.05), (None, 0.0)])
def test_what_comes_beside_the_plan_takes_half_the_budget(budget: float | None, gap: float) -> None:
    footprint = Footprint("backend", budget)
    assert footprint.unplanned_gap("page") == 0
    for _ in range(2):
        footprint.spend("page", 0.5)
    assert footprint.unplanned_gap("page") == pytest.approx(gap)


def test_a_query_whose_settings_change_is_planned_anew() -> None:
    footprint = Footprint("backend", 0.02)
    polled(footprint, page=(0.01, 1.0), pool=(0.01, 1.0))
    assert footprint.stretch == pytest.approx(1 / CALM_PART)
    assert footprint.interval("page", 10.0) == 10.0
    assert (footprint.interval("pool", 1.0), footprint.stretch) == (1.0, 1.0)


def test_without_an_interval_nothing_is_planned() -> None:
    footprint = Footprint("backend", 0.02)
    for _ in range(3):
        footprint.spend("page", 0.5)
    assert footprint.interval("page", 0.0) == 0.0
    assert footprint.interval("page", 0.0, 0.0) == 0.0
    assert footprint.stretch == 1.0


def test_what_is_not_planned_is_saved_up_to_a_bound() -> None:
    clock = Clock(1000.0)
    footprint = Footprint("backend", 0.02, clock)
    polled(footprint, page=(0.01, 1.0))
    looks = closer_looks(footprint, clock)
    clock.now += 10  # of which half the budget is planned
    assert closer_looks(footprint, clock) == pytest.approx(10 * 0.01 / (0.01 - 0.25 * 0.02), abs=2)
    clock.now += 1e6
    assert closer_looks(footprint, clock) == pytest.approx(looks, abs=2)


def test_a_poll_counts_the_time_that_its_source_was_busy() -> None:
    clock = Clock(1000.0)
    footprint = Footprint("backend", 0.02, clock)
    for seconds in (0.25, 0.25):
        with footprint.poll("page"):
            clock.now += seconds
    assert [*footprint.totals()] == [("page", 2, 0.5)]


def test_an_exchange_is_busy_time_from_its_first_event_to_its_last(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(1000.0)
    monkeypatch.setattr("time.monotonic", clock)

    async def exchange(*events: str) -> None:
        with ExchangeTimer() as timer:
            for event in events:
                await timer.trace(event, None)
                clock.now += 0.25
            clock.now += 1.0

    measured = list[float]()
    token = busy_seconds.set(measured)
    for events in (
        (),
        ("connect_tcp.started", "send_request_headers.started", "receive_response_body.complete"),
        ("connect_tcp.started", "connect_tcp.failed"),
    ):
        asyncio.run(exchange(*events))
    busy_seconds.reset(token)
    assert measured == [0.5, 1.5]
