"""Runs collectors: the one place that owns time, errors and success."""

import asyncio
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from prometheus_client import Metric

from exporter import __version__
from exporter.clock import steady_time, to_wall_time
from exporter.collector import Collector, Part
from exporter.errors import FailureLog, NotConfigured, PollDeferred, ScrapeDeadlineExceeded, SourceError
from exporter.metrics import Gauge, Info
from exporter.scrape import Scrape, current_scrape, result_times
from exporter.sources import Sources

SUCCESS = Gauge(
    "ops_collector_success",
    "Whether every part of the collector could be read (1) or not (0).",
    ("collector",),
)
DURATION = Gauge(
    "ops_collector_duration_seconds", "Time that the collector took in this scrape.", ("collector",)
)
LAST_SUCCESS = Gauge(
    "ops_collector_last_success_timestamp_seconds",
    "Unix time of the oldest answer in the collector's last success.",
    ("collector",),
)
BUILD = Info("ops_build_info", "Version of the exporter and of the Python it runs on.", ("version", "python"))
LOGGED_DEFERRAL = 60.0  # seconds for which a source is left alone from which on that is logged
MARGIN = 0.1  # share of the budget that is kept for what comes after the last answer
RUNNER_METRICS = (BUILD, SUCCESS, DURATION, LAST_SUCCESS)


@dataclass
class PartResult:
    """What one part of a collector gave: its families, how old they are, or why there are none."""

    families: list[Metric] = field(default_factory=list)
    asked: bool = True
    error: str | None = None
    is_quiet: bool = False  # the error says nothing about the source, so it is not logged
    deferred: str | None = None  # why the source was not asked, which is no failure of it
    as_of: float | None = None


@dataclass
class CollectorResult:
    """What one collector gave in one run."""

    name: str
    readings: list[PartResult]
    seconds: float

    @property
    def configured(self) -> bool:
        """Whether any part had a source to ask."""
        return any(reading.asked for reading in self.readings)

    @property
    def success(self) -> bool:
        """Whether every part that was asked gave its families."""
        return all(reading.error is None for reading in self.readings)


class Runner:
    """Reads collectors side by side within a budget; runs asked for at the same time are one run."""

    def __init__(self, sources: Sources, clock: Callable[[], float] = steady_time) -> None:
        self._sources = sources
        self._clock = clock
        self._runs: dict[tuple[str, ...], asyncio.Task[list[Metric]]] = {}
        self._last_success: dict[str, float] = {}
        self._complaints = FailureLog()

    async def run(self, collectors: Sequence[Collector], budget: float) -> list[Metric]:
        """The families of these collectors, within `budget` seconds; never raises for a failing source."""
        key = tuple(collector.name for collector in collectors)
        if key not in self._runs:
            task = asyncio.create_task(self._run(collectors, budget), name="scrape")
            self._runs[key] = task
            task.add_done_callback(lambda _: self._runs.pop(key, None))
        return await asyncio.shield(self._runs[key])

    async def _run(self, collectors: Sequence[Collector], budget: float) -> list[Metric]:
        deadline = asyncio.get_running_loop().time() + budget
        current_scrape.set(Scrape(deadline=deadline - MARGIN * budget))
        outcomes = await asyncio.gather(*(self._collect(c, deadline) for c in collectors))
        families = [f for o in outcomes for r in o.readings for f in r.families]
        return merge_families([*families, *self._about([o for o in outcomes if o.configured])])

    async def _collect(self, collector: Collector, deadline: float) -> CollectorResult:
        began = time.perf_counter()
        readings = await asyncio.gather(
            *(asyncio.create_task(self._read(collector, part, deadline)) for part in collector.parts)
        )
        outcome = CollectorResult(collector.name, list(readings), time.perf_counter() - began)
        if outcome.success:
            ages = [reading.as_of for reading in readings if reading.as_of is not None]
            self._last_success[collector.name] = min(ages, default=self._clock())
        return outcome

    async def _read(self, collector: Collector, part: Part, deadline: float) -> PartResult:
        used: list[float] = []
        result_times.set(used)  # this runs in a task of its own, so the list is this part's alone
        subject = f"{collector.name.partition('.')[0]}.{part.name}"
        reading = await self._attempt(part, deadline)
        reading.as_of = min(used, default=None)
        if reading.is_quiet:
            return reading
        if reason := reading.error or reading.deferred:
            self._complaints.log_failure(subject, reason)
        elif reading.asked:
            self._complaints.log_recovery(subject)
        return reading

    async def _attempt(self, part: Part, deadline: float) -> PartResult:
        try:
            async with asyncio.timeout_at(deadline):
                # made whole before any of it is used, or half a family leaks
                return PartResult([f for f in await part.read(self._sources) if f.samples])
        except SourceError as error:
            return result_of_error(error)
        except TimeoutError:
            return PartResult(error="no answer within the time that the scrape allows")
        except Exception as error:  # noqa: BLE001  (whatever a source sent, it costs this part alone)
            return PartResult(error=f"{type(error).__name__} at {error_location(error)}")

    def _about(self, outcomes: Sequence[CollectorResult]) -> Iterable[Metric]:
        last = {name: to_wall_time(at) for name, at in self._last_success.items()}
        yield BUILD.info(__version__, platform.python_version())
        yield SUCCESS.family((o.name, float(o.success)) for o in outcomes)
        yield DURATION.family((o.name, o.seconds) for o in outcomes)
        yield LAST_SUCCESS.family((o.name, last.get(o.name)) for o in outcomes)


def result_of_error(error: SourceError) -> PartResult:
    """What a part gave whose source gave no answer, or was not asked."""
    if isinstance(error, NotConfigured):
        return PartResult(asked=False)
    if isinstance(error, PollDeferred):
        return PartResult(asked=False, deferred=str(error) if error.retry_in >= LOGGED_DEFERRAL else None)
    # that the time of a scrape is over says nothing about the source
    return PartResult(error=str(error), is_quiet=isinstance(error, ScrapeDeadlineExceeded))


def merge_families(families: Iterable[Metric]) -> list[Metric]:
    """The families with those of one name made one, since a page must hold each name once."""
    by_name: dict[str, Metric] = {}
    for family in families:
        if family.name in by_name:
            by_name[family.name].samples.extend(family.samples)
        else:
            by_name[family.name] = family
    return list(by_name.values())


def error_location(error: BaseException) -> str:
    """Where in our own code the error was raised; its text may hold payload, so it is not used."""
    trace = error.__traceback__
    while (
        trace is not None
        and trace.tb_next is not None
        and "exporter" in trace.tb_next.tb_frame.f_code.co_filename
    ):
        trace = trace.tb_next
    if trace is None:
        return "an unknown place"
    name = trace.tb_frame.f_code.co_filename.rpartition("exporter/")[2]
    return f"{name}:{trace.tb_lineno}"
