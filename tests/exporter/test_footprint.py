"""Our requests to a source are counted, and sent less often where they would take more than their share."""

import pytest

from exporter.footprint import CALM_PART, MAX_CREDIT, Footprint, count_busy_time


class Clock:
    """A clock that stands still until the test moves it."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


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
    assert polled(Footprint("prometheus"), query=(4.0, 15.0)) == {"query": 15.0}


def test_what_a_request_waits_behind_others_is_no_work_of_ours() -> None:
    footprint = Footprint("backend", 0.02)
    footprint.interval("page", 0.5)
    for seconds in (0.004, 0.004, 2.0, 0.004, 0.9, 0.004):
        footprint.spend("page", seconds)
    assert footprint.interval("page", 0.5) == 0.5
    assert [(query, count) for query, count, _ in footprint.totals()] == [("page", 6)]
    assert sum(seconds for _, _, seconds in footprint.totals()) == pytest.approx(4 * 0.004 + 2 * 0.008)


def test_the_share_is_that_of_the_last_minute() -> None:
    clock = Clock()
    footprint = Footprint("backend", 0.02, clock)
    footprint.spend("health", 3.0)
    assert footprint.share() == pytest.approx(0.05)
    clock.now += 61
    assert footprint.share() == 0


def test_what_was_saved_may_be_used_for_a_closer_look() -> None:
    clock = Clock()
    footprint = Footprint("backend", 0.02, clock)
    polled(footprint, page=(0.01, 1.0))
    assert closer_looks(footprint, clock) == pytest.approx(MAX_CREDIT / (0.01 - 0.25 * 0.02), rel=0.1)
    assert footprint.interval("page", 1.0, 0.25) == 1.0


def test_a_hint_leaves_half_of_what_was_saved_to_a_clear_sign() -> None:
    clock = Clock()
    footprint = Footprint("backend", 0.02, clock)
    polled(footprint, page=(0.01, 1.0))
    hints = closer_looks(footprint, clock, MAX_CREDIT / 2)
    assert footprint.interval("page", 1.0, 0.25, MAX_CREDIT / 2) == 1.0
    assert closer_looks(footprint, clock) == pytest.approx(hints, rel=0.1)


def test_a_request_that_blocks_and_a_full_plan_leave_a_closer_look() -> None:
    clock = Clock()
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
    clock = Clock()
    footprint = Footprint("broker", 0.02, clock)
    with footprint.poll("inspect"):
        with count_busy_time():
            pass
        clock.now += 1.0
    assert sum(seconds for _, _, seconds in footprint.totals()) < 0.01
