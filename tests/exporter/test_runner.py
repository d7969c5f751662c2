"""The runner owns time, errors and success: one broken part costs only its own families."""

import asyncio
import logging
from collections.abc import Iterable, Sequence

import pytest
from prometheus_client import Metric

from exporter.collector import Collector, Part, ReadPart
from exporter.errors import NotConfigured, RequestFailed
from exporter.exposition import ExpositionWriter
from exporter.metrics import Gauge, selected_names
from exporter.runner import Runner, merge_families
from exporter.scrape import current_scrape
from exporter.settings import Settings
from exporter.sources import Sources

UP = Gauge("up", "Whether it is up.", ("who",))


def says(who: str) -> ReadPart:
    """A part that is well."""

    async def read(_: Sources) -> Iterable[Metric]:
        return (UP.single(1, who),)

    return read


def fails(error: Exception) -> ReadPart:
    """A part that gives half a family and then breaks."""

    async def read(_: Sources) -> Iterable[Metric]:
        def half() -> Iterable[Metric]:
            yield UP.single(1, "half")
            raise error

        return half()

    return read


async def hangs(_: Sources) -> Iterable[Metric]:
    """A part that never ends."""
    await asyncio.Event().wait()
    return ()


def collector(name: str, *reads: ReadPart) -> Collector:
    """A collector of these parts."""
    return Collector(name, "a test", tuple(Part(f"part{i}", read, (UP,)) for i, read in enumerate(reads)))


def scraped(*collectors: Collector, budget: float = 1.0) -> str:
    """The page of these collectors."""

    async def run() -> Sequence[Metric]:
        return await Runner(Sources.build(Settings())).run(collectors, budget)

    return ExpositionWriter().prometheus(asyncio.run(run())).decode()


def test_a_broken_part_costs_only_its_own_families() -> None:
    text = scraped(collector("a", says("one"), fails(RequestFailed("no"))), collector("b", says("two")))
    assert 'up{who="one"} 1.0' in text
    assert 'who="half"' not in text
    assert 'ops_collector_success{collector="a"} 0.0' in text
    assert 'ops_collector_success{collector="b"} 1.0' in text


def test_a_part_that_hangs_is_left_behind_in_time() -> None:
    text = scraped(collector("a", hangs), collector("b", says("two")), budget=0.05)
    assert 'ops_collector_success{collector="a"} 0.0' in text
    assert 'up{who="two"} 1.0' in text


def test_a_collector_takes_as_long_as_its_slowest_part_and_no_longer() -> None:
    page = scraped(collector("slow", hangs, says("a")), collector("quick", says("b")), budget=0.3)
    took = {
        line.split('"')[1]: float(line.rpartition(" ")[2])
        for line in page.splitlines()
        if line.startswith("ops_collector_duration_seconds{")
    }
    assert took["slow"] > 0.29
    assert took["quick"] < took["slow"] / 2


def test_what_is_not_configured_is_neither_success_nor_failure() -> None:
    text = scraped(collector("a", fails(NotConfigured("none"))))
    assert "ops_collector_success{" not in text


def test_families_of_one_name_are_one_on_the_page() -> None:
    text = scraped(collector("a", says("one")), collector("b", says("two")))
    assert text.count("# TYPE up gauge") == 1


def test_scrapes_at_the_same_time_share_one_run() -> None:
    runs = 0

    async def counted(_: Sources) -> Iterable[Metric]:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)
        return ()

    async def run() -> None:
        runner = Runner(Sources.build(Settings()))
        await asyncio.gather(*(runner.run([collector("a", counted)], 1.0) for _ in range(4)))

    asyncio.run(run())
    assert runs == 1


def test_the_reason_is_logged_once_and_holds_no_payload(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        runner = Runner(Sources.build(Settings()))
        for _ in range(5):
            await runner.run([collector("a", fails(ValueError("password=hunter2")))], 1.0)

    with caplog.at_level(logging.INFO, "exporter"):
        asyncio.run(run())
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("a.part0 fails: ValueError at ")
    assert "hunter2" not in caplog.text


def test_parts_are_told_what_is_selected_and_until_when_they_may_wait() -> None:
    async def read(_: Sources) -> Iterable[Metric]:
        scrape = current_scrape.get()
        assert scrape is not None
        left = scrape.deadline - asyncio.get_running_loop().time()
        assert 1.5 < left <= 1.8, "a tenth of two seconds is kept for what comes after the last result"
        assert selected_names.get() == {"up"}
        return (UP.single(1, "it"),)

    async def run() -> list[Metric]:
        runner = Runner(Sources.build(Settings()))
        return await runner.run([collector("a", read)], 2.0, frozenset({"up"}))

    assert [family.name for family in asyncio.run(run()) if family.samples] == ["up"]


def test_a_run_that_is_over_is_not_shared() -> None:
    runs: list[int] = []

    async def read(_: Sources) -> Iterable[Metric]:
        runs.append(len(runs))
        return (UP.single(len(runs), "it"),)

    async def run() -> None:
        runner = Runner(Sources.build(Settings()))
        for _ in range(2):
            await runner.run([collector("a", read)], 1.0)
        # another selection at the same time is a run of its own
        await asyncio.gather(
            runner.run([collector("a", read)], 1.0),
            runner.run([collector("a", read)], 1.0, frozenset({"up"})),
        )

    asyncio.run(run())
    assert len(runs) == 4


def test_the_series_of_one_family_are_in_one_place() -> None:
    families = [UP.single(1, "a"), Gauge("down", "x").single(2), UP.single(3, "b")]
    merged = [(it.name, [sample.value for sample in it.samples]) for it in merge_families(families)]
    assert merged == [("up", [1, 3]), ("down", [2])]
