"""The runner owns time, errors and success: one broken part costs only its own families."""

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence

import pytest
from prometheus_client import Metric

from exporter.collector import Collector, Part, ReadPart
from exporter.errors import NotConfigured, PollDeferred, RequestFailed, ScrapeDeadlineExceeded
from exporter.exposition import ExpositionWriter
from exporter.metrics import Gauge, selected_names
from exporter.runner import Runner, merge_families
from exporter.scrape import current_scrape, result_times
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


def aged(*times: float) -> ReadPart:
    """A part whose results were received at these moments."""

    async def read(_: Sources) -> Iterable[Metric]:
        used = result_times.get()
        assert used == []
        used.extend(times)
        return ()

    return read


def last_success(runner: Runner, *parts: ReadPart) -> float | None:
    """The time that is told of the last success of a collector of these parts."""
    families = asyncio.run(runner.run([collector("a", *parts)], 1.0))
    (family,) = [it for it in families if it.name == "ops_collector_last_success_timestamp_seconds"]
    return family.samples[0].value if family.samples else None


@pytest.mark.parametrize(
    ("parts", "moment"),
    [
        ([aged(1000.0, 900.0), aged(950.0)], 900.0),
        ([aged(), aged(950.0)], 950.0),
        ([aged(), aged()], 1234.0),
        ([aged(900.0), fails(RequestFailed("no"))], None),
        ([aged(900.0), fails(NotConfigured("none"))], 900.0),
    ],
)
def test_a_collector_is_as_old_as_its_oldest_result(parts: list[ReadPart], moment: float | None) -> None:
    runner = Runner(Sources.build(Settings()), lambda: 1234.0)
    assert last_success(runner, *parts) == moment


def test_a_failure_leaves_the_time_of_the_success_before_it() -> None:
    runner = Runner(Sources.build(Settings()), lambda: 1234.0)
    assert last_success(runner, aged(900.0)) == 900
    assert last_success(runner, fails(RequestFailed("no"))) == 900
    assert last_success(runner, aged(800.0)) == 800


@pytest.mark.parametrize(
    ("error", "success"),
    [
        (RequestFailed("no"), 0.0), (ScrapeDeadlineExceeded("late"), 0.0), (ValueError("odd"), 0.0),
        (PollDeferred("left alone", 900.0), None), (NotConfigured("none"), None),
    ],
)  # fmt: skip
def test_what_is_left_alone_is_no_failure(error: Exception, success: float | None) -> None:
    lines = scraped(collector("a", fails(error))).splitlines()
    told = [line.partition(" ")[2] for line in lines if line.startswith("ops_collector_success{")]
    assert told == ([] if success is None else [str(success)])
    assert (
        'ops_collector_success{collector="b"} 1.0' in scraped(collector("b", fails(error), says("x")))
    ) == (success is None)


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (RequestFailed("no"), ["a.part0 fails: no"]),
        (PollDeferred("left alone", 60.0), ["a.part0 fails: left alone"]),
        (PollDeferred("left alone", 59.0), []),
        (ScrapeDeadlineExceeded("late"), []),
        (NotConfigured("none"), []),
    ],
)
def test_what_says_nothing_of_a_source_is_not_logged(
    error: Exception, logged: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "exporter"):
        scraped(collector("a", fails(error)))
    assert caplog.messages == logged


def test_a_part_that_is_read_by_its_own_name_recovers_as_part_of_the_page(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        runner = Runner(Sources.build(Settings()))
        for read in (fails(RequestFailed("no")), fails(NotConfigured("none")), says("x"), says("x")):
            await runner.run([collector("a", read)], 1.0)
            await runner.run([collector("a", read).with_part("part0")], 1.0)

    with caplog.at_level(logging.INFO, "exporter"):
        asyncio.run(run())
    assert caplog.messages == ["a.part0 fails: no", "a.part0 works again"]


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


def test_an_error_is_told_with_the_line_of_ours_that_met_it(caplog: pytest.LogCaptureFixture) -> None:
    async def read(_: Sources) -> Iterable[Metric]:
        return (UP.single(1, "it", "one label too many"),)

    with caplog.at_level(logging.INFO, "exporter"):
        scraped(collector("a", read))
    assert re.fullmatch(r"a\.part0 fails: ValueError at metrics\.py:\d+", caplog.messages[0])
