"""Several server processes behind one URL: their counters are told apart, summed, never called resets."""

import random

import pytest

from exporter.sources.backend.processes import MAX_PROCESSES, RECENT_SECONDS, ProcessCounterMerger

Counts = dict[str, float]


def totals(*seen: Counts, started: float | None = 1000.0) -> list[float]:
    """The sum of `events` after each of these answers of unnamed processes."""
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    found = []
    for at, counters in enumerate(seen):
        processes.record(counters, at, started=started)
        found.append(processes.total()["events"])
    return found


def events(count: float, spent: float = 0.0) -> Counts:
    """What one process counts."""
    return {"events": count, "spent": spent}


def test_one_process_is_told_as_it_is() -> None:
    assert totals(events(3), events(3), events(9)) == [3, 3, 9]


def test_two_that_alternate_are_summed_once_both_are_known() -> None:
    seen = [events(count) for count in (21, 21, 27, 27, 21, 27, 21, 21, 27)]
    assert totals(*seen) == [21, 21, 27, 27, 48, 48, 48, 48, 48]


@pytest.mark.parametrize("order", [(21, 27), (27, 21)])
def test_a_total_that_goes_back_and_forth_never_falls(order: tuple[int, int]) -> None:
    found = totals(*(events(count) for count in order * 10))
    assert found == sorted(found)
    assert found[-1] == 48


def test_both_go_on_growing() -> None:
    seen = (
        events(21, 1.5),
        events(27, 2.5),
        events(21, 1.5),
        events(30, 2.75),
        events(24, 1.75),
        events(31, 3),
    )
    assert totals(*seen)[-1] == 24 + 31


def test_the_restart_of_a_lone_process_is_a_reset() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    processes.record(events(63), 0, started=1000)
    processes.record(events(2), 10, started=5000)
    assert processes.total()["events"] == 2


def test_a_named_process_that_took_the_place_of_a_lone_one_is_a_reset_even_if_it_counts_more() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    processes.record(events(5), 0, name="1000", started=1000)
    processes.record(events(7), 10, name="5000", started=5000)
    assert processes.total()["events"] == 7


def test_named_processes_that_started_together_are_summed() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    for count in (5, 6, 7):
        processes.record(events(count), count, name="1000.1", started=1000.1)
        processes.record(events(10 * count), count, name="1000.4", started=1000.4)
    assert processes.total()["events"] == 77


def test_two_with_the_same_start_are_told_apart_by_their_counters() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    for _ in range(5):
        processes.record(events(5, 9.0), 0, name="1000", started=1000)
        processes.record(events(50, 1.0), 0, name="1000", started=1000)
    assert processes.total()["events"] == 55


def test_one_of_several_that_restarts_leaves_what_it_counted() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    processes.record(events(100), 0, name="1000.1", started=1000.1)
    processes.record(events(200), 0, name="1000.4", started=1000.4)
    processes.record(events(3), 1, name="5000", started=5000)
    processes.record(events(201), 2, name="1000.4", started=1000.4)
    assert processes.total()["events"] == 100 + 201 + 3


def test_a_line_that_is_missing_once_takes_nothing_away_from_a_named_process() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    processes.record(events(10, 5.0), 0, name="1000", started=1000)
    processes.record({"spent": 6.0}, 1, name="1000", started=1000)
    assert processes.total() == {"events": 10, "spent": 6.0}


def test_counters_that_are_not_trusted_keep_their_highest_value() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    processes.record(events(10), 0, non_monotonic={"average": 4.0})
    processes.record(events(11), 1, non_monotonic={"average": 3.5})
    assert processes.total()["average"] == 4.0


def test_who_has_not_answered_for_a_while_is_not_running() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    processes.record(events(5), 0, name="a")
    processes.record(events(6), RECENT_SECONDS + 1, name="b")
    assert len(processes.recent(RECENT_SECONDS + 1)) == 1
    assert processes.total()["events"] == 11


def test_endless_restarts_take_no_endless_memory_and_lose_nothing() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    for number in range(3 * MAX_PROCESSES):
        processes.record(events(1), number, name=str(number), started=1000 + number)
    assert processes.total()["events"] == 3 * MAX_PROCESSES
    assert len(processes.recent(0)) <= MAX_PROCESSES


def test_more_processes_than_are_kept_apart_are_not_counted_twice_when_they_come_back() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger(keep_totals=True)
    for at in range(10 * (MAX_PROCESSES + 6)):
        processes.record(events(100), at, name=str(at % (MAX_PROCESSES + 6)))
    assert processes.total()["events"] == 100 * (MAX_PROCESSES + 6)


@pytest.mark.parametrize("workers", [2, 3, 4, 8])
def test_a_crowd_answering_at_random_is_summed_to_the_truth(workers: int) -> None:
    chance = random.Random(workers)
    truth = [events(chance.randrange(500), chance.random() * 1000) for _ in range(workers)]
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    before = 0.0
    for at in range(600):
        for counters in truth:
            if chance.random() < 0.3:
                counters["events"] += chance.randrange(1, 4)
                counters["spent"] += chance.random()
        processes.record(dict(chance.choice(truth)), at, started=1000)
        assert processes.total()["events"] >= before
        before = processes.total()["events"]
    for counters in truth:
        processes.record(dict(counters), 700, started=1000)
    assert len(processes.recent(700)) == workers
    assert processes.total()["events"] == sum(counters["events"] for counters in truth)


@pytest.mark.parametrize(
    ("restarted_at", "keeps", "total"),
    [(1030.0, False, 9), (1030.1, False, 2), (1030.1, True, 9), (None, False, 9), (900.0, False, 9)],
)
def test_a_lone_process_is_replaced_by_one_that_started_much_later(
    restarted_at: float | None, keeps: bool, total: float
) -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger(keep_totals=keeps)
    processes.record(events(7), 0, started=1000.0)
    processes.record(events(2), 10, started=restarted_at)
    assert processes.total()["events"] == total


def test_only_what_a_late_discovery_counts_from_now_on_is_summed() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    processes.record(events(500), 0, "a", from_start=False)
    assert processes.total()["events"] == 0
    processes.record(events(503), 1, "a", from_start=False)
    processes.record(events(40), 2, "b")
    assert processes.total()["events"] == 43


def test_who_answered_a_minute_ago_is_running() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    processes.record(events(5), 100, name="a")
    assert len(processes.recent(100 + RECENT_SECONDS)) == 1
    assert processes.recent(100.1 + RECENT_SECONDS) == []


def test_the_time_of_a_start_that_is_missing_once_is_kept() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger()
    processes.record(events(5), 0, started=1000.0)
    assert processes.record(events(6), 1).started == 1000
    assert processes.record(events(7), 2, started=1001.0).started == 1001


def test_counters_that_are_not_trusted_outlive_their_process() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger(keep_totals=True)
    processes.record(events(10), 0, started=1000, non_monotonic={"average": 4.0})
    processes.record(events(1), 1, started=5000, non_monotonic={"average": 0.5})
    assert processes.total() == {"events": 11, "spent": 0, "average": 4.5}


def test_the_oldest_of_too_many_processes_gives_its_place() -> None:
    processes: ProcessCounterMerger[str] = ProcessCounterMerger(keep_totals=True)
    for number in range(MAX_PROCESSES + 1):
        processes.record(events(10), MAX_PROCESSES - number, name=str(number))
    assert processes.total()["events"] == 10 * (MAX_PROCESSES + 1)
    assert str(MAX_PROCESSES - 1) not in {it.name for it in processes.recent(0)}
    assert len(processes.recent(0)) == MAX_PROCESSES
