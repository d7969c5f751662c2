"""The table of tasks behaves as an ordered dictionary, also for a thread that only reads."""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.broker.task_table import PackedTask, TaskTable, task_key

KEYS = [task_key(str(number)) for number in range(1000)]
Step = tuple[str, int, int]


def task(number: int) -> PackedTask:
    """A task that was seen in this second."""
    return PackedTask(number, float(number), number + 0.25, number + 0.5)


def runs(kind: str) -> st.SearchStrategy[Step]:
    """Steps of this kind, each with some keys in a row."""
    return st.tuples(st.just(kind), st.integers(0, 999), st.integers(1, 400))


def apply(step: Step, version: int, table: TaskTable, model: dict[bytes, PackedTask]) -> None:
    """Take one step with both; what they return is equal."""
    kind, first, count = step
    if kind == "remove_oldest":
        table.remove_oldest(count)
        for key in list(model)[:count]:
            del model[key]
        return
    for key in (KEYS + KEYS)[first : first + count]:
        if kind == "put":
            table.put(key, task(version))
            model[key] = task(version)
        else:
            assert table.pop(key) == model.pop(key, None)


@given(st.lists(runs("put") | runs("pop") | runs("remove_oldest"), max_size=12))
def test_it_is_an_ordered_dictionary(steps: list[Step]) -> None:
    table, model = TaskTable(), dict[bytes, PackedTask]()
    for version, step in enumerate(steps):
        apply(step, version, table, model)
        assert len(table) == len(model)
        assert [table.get(key) for key in KEYS] == [model.get(key) for key in KEYS]


def test_what_was_seen_before_a_moment_is_removed() -> None:
    table = TaskTable()
    for number in range(500):
        table.put(KEYS[number], task(number))
    table.pop(KEYS[0])
    table.remove_before(300.0)
    assert [number for number in range(500) if table.get(KEYS[number])] == list(range(300, 500))
    table.remove_before(1000.0)
    assert len(table) == 0


def test_a_thread_that_reads_always_finds_what_stays() -> None:
    table, over = TaskTable(), Event()
    keys = [task_key(str(number)) for number in range(40_000)]
    stays = keys[::100]
    for key in keys:
        table.put(key, task(7))

    def read() -> set[PackedTask | None]:
        found = set[PackedTask | None]()
        while not over.is_set():
            found.update(map(table.get, stays))
        return found

    with ThreadPoolExecutor() as pool:
        reader = pool.submit(read)
        try:
            for key in sorted(set(keys) - set(stays)):
                table.pop(key)
        finally:
            over.set()
        assert reader.result() == {task(7)}


def test_many_steps_in_a_row_are_those_of_a_dictionary() -> None:
    table, model, draw = TaskTable(), dict[bytes, PackedTask](), Random(7)
    for version in range(6000):
        key = KEYS[draw.randrange(1000)]
        growing = version % 3000 < 2000
        if draw.random() < (0.7 if growing else 0.1):
            table.put(key, task(version))
            model[key] = task(version)
        else:
            assert table.pop(key) == model.pop(key, None)
        if version % 500 == 0:
            apply(("remove_oldest", 0, 3), version, table, model)
            assert len(table) == len(model)
            assert [table.get(key) for key in KEYS] == [model.get(key) for key in KEYS]
    table.remove_oldest(len(table) + 1)
    assert len(table) == 0
    assert {table.get(key) for key in KEYS} == {None}


def test_an_id_is_a_text() -> None:
    assert len(task_key("\ud800")) == 16
    with pytest.raises(TypeError, match="not an id"):
        task_key(5)  # type: ignore[arg-type]
