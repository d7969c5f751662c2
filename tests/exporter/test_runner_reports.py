"""What the runner tells of collectors: when they last succeeded, and which of their failures is logged."""

import asyncio
import logging
import re
from collections.abc import Iterable

import pytest
from prometheus_client import Metric

from exporter.collector import ReadPart
from exporter.errors import NotConfigured, PollDeferred, RequestFailed, ScrapeDeadlineExceeded
from exporter.runner import Runner
from exporter.scrape import result_times
from exporter.settings import Settings
from exporter.sources import Sources
from tests.exporter.test_runner import UP, collector, fails, says, scraped


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


def test_an_error_is_told_with_the_line_of_ours_that_met_it(caplog: pytest.LogCaptureFixture) -> None:
    async def read(_: Sources) -> Iterable[Metric]:
        return (UP.single(1, "it", "one label too many"),)

    with caplog.at_level(logging.INFO, "exporter"):
        scraped(collector("a", read))
    assert re.fullmatch(r"a\.part0 fails: ValueError at metrics\.py:\d+", caplog.messages[0])
