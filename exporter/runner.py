"""Runs collectors: the one place that owns time, errors and success."""

import asyncio
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from prometheus_client import Metric

from exporter import __version__
from exporter.clock import steady_time, to_wall_time
from exporter.collector import Collector, Part
from exporter.errors import FailureLog, NotConfigured, PollDeferred, ScrapeDeadlineExceeded, SourceError
from exporter.metrics import Gauge, Info, selected_names
from exporter.scrape import Scrape, current_scrape, result_times
from exporter.sources import Sources

SUCCESS = Gauge(
    "ops_collector_success",
    "Whether every part of the collector could be read (1) or not (0).",
    ("collector",),
)
DURATION = Gauge(
    "ops_collector_duration_seconds", "Duration of the collector in this scrape.", ("collector",)
)
LAST_SUCCESS = Gauge(
    "ops_collector_last_success_timestamp_seconds",
    "Unix time of the oldest result in the collector's last success.",
    ("collector",),
)
BUILD = Info("ops_build_info", "Version of the exporter and of the Python it runs on.", ("version", "python"))
LOGGED_DEFERRAL = 60.0  # seconds; a source that is left alone for longer is logged
MARGIN = 0.1  # share of the budget that is reserved for the work after the last result
RunKey = tuple[tuple[str, ...], frozenset[str]]
RUNNER_METRICS = (BUILD, SUCCESS, DURATION, LAST_SUCCESS)


@dataclass
class PartResult:
    """The families of one part of a collector, their age, or the reason why there are none."""

    families: list[Metric] = field(default_factory=list)
    polled: bool = True
    error: str | None = None
    is_quiet: bool = False  # the error says nothing about the source, so it is not logged
    deferred: str | None = None  # why the source was not polled, which is no failure of it
    as_of: float | None = None
    seconds: float = 0.0


@dataclass
class CollectorResult:
    """The results of all parts of one collector in one run."""

    name: str
    parts: list[PartResult]

    @property
    def seconds(self) -> float:
        """The time of the slowest part: they are read at the same time."""
        return max((part.seconds for part in self.parts), default=0.0)

    @property
    def configured(self) -> bool:
        """Whether any part has a configured source."""
        return any(part.polled for part in self.parts)

    @property
    def success(self) -> bool:
        """Whether every part that was polled gave its families."""
        return all(part.error is None for part in self.parts)


class Runner:
    """Reads collectors concurrently within a budget; identical runs at the same time are one run."""

    def __init__(self, sources: Sources, clock: Callable[[], float] = steady_time) -> None:
        self._sources = sources
        self._clock = clock
        self._runs: dict[RunKey, asyncio.Task[list[Metric]]] = {}
        self._last_success: dict[str, float] = {}
        self._failure_log = FailureLog()

    async def run(
        self, collectors: Sequence[Collector], budget: float, names: frozenset[str] = frozenset()
    ) -> list[Metric]:
        """The families of these collectors, within `budget` seconds; never raises for a failing source.

        Where `names` are given, those that hold none of these names may be left out.
        """
        key = (tuple(collector.name for collector in collectors), names)
        if key not in self._runs:
            task = asyncio.create_task(self._run(collectors, budget, names), name="scrape")
            self._runs[key] = task
            task.add_done_callback(lambda _: self._runs.pop(key, None))
        return await asyncio.shield(self._runs[key])

    async def _run(
        self, collectors: Sequence[Collector], budget: float, names: frozenset[str]
    ) -> list[Metric]:
        selected_names.set(names)  # every part is read in a task that copies this context
        deadline = asyncio.get_running_loop().time() + budget
        current_scrape.set(Scrape(deadline=deadline - MARGIN * budget))
        reads = [
            [asyncio.create_task(self._read(collector, part, deadline)) for part in collector.parts]
            for collector in collectors
        ]
        await asyncio.gather(*chain.from_iterable(reads))
        results = [
            CollectorResult(collector.name, [task.result() for task in tasks])
            for collector, tasks in zip(collectors, reads, strict=True)
        ]
        self._record_success(results)
        families = [f for result in results for part in result.parts for f in part.families]
        return merge_families([*families, *self._self_metrics([it for it in results if it.configured])])

    def _record_success(self, results: Iterable[CollectorResult]) -> None:
        for result in results:
            if result.success:
                times = [part.as_of for part in result.parts if part.as_of is not None]
                self._last_success[result.name] = min(times, default=self._clock())

    async def _read(self, collector: Collector, part: Part, deadline: float) -> PartResult:
        times: list[float] = []
        result_times.set(times)  # this runs in a task of its own, so the list is this part's alone
        subject = f"{collector.name.partition('.')[0]}.{part.name}"
        began = time.perf_counter()
        result = await self._try_part(part, deadline)
        result.seconds = time.perf_counter() - began
        result.as_of = min(times, default=None)
        if result.is_quiet:
            return result
        if reason := result.error or result.deferred:
            self._failure_log.log_failure(subject, reason)
        elif result.polled:
            self._failure_log.log_recovery(subject)
        return result

    async def _try_part(self, part: Part, deadline: float) -> PartResult:
        try:
            async with asyncio.timeout_at(deadline):
                # read all before any of it is used, or half a family leaks
                return PartResult([f for f in await part.read(self._sources) if f.samples])
        except SourceError as error:
            return result_of_error(error)
        except TimeoutError:
            return PartResult(error="no result within the scrape's budget")
        except Exception as error:  # noqa: BLE001  (whatever a source sent costs this part alone)
            return PartResult(error=f"{type(error).__name__} at {error_location(error)}")

    def _self_metrics(self, results: Sequence[CollectorResult]) -> Iterable[Metric]:
        last = {name: to_wall_time(at) for name, at in self._last_success.items()}
        yield BUILD.info(__version__, platform.python_version())
        yield SUCCESS.family((it.name, float(it.success)) for it in results)
        yield DURATION.family((it.name, it.seconds) for it in results)
        yield LAST_SUCCESS.family((it.name, last.get(it.name)) for it in results)


def result_of_error(error: SourceError) -> PartResult:
    """The result of a part whose source failed or was not polled."""
    if isinstance(error, NotConfigured):
        return PartResult(polled=False)
    if isinstance(error, PollDeferred):
        return PartResult(polled=False, deferred=str(error) if error.retry_in >= LOGGED_DEFERRAL else None)
    # the end of a scrape says nothing about the source
    return PartResult(error=str(error), is_quiet=isinstance(error, ScrapeDeadlineExceeded))


def merge_families(families: Iterable[Metric]) -> list[Metric]:
    """The families, those of one name merged, since a page must hold each name once."""
    by_name: dict[str, Metric] = {}
    for family in families:
        if family.name in by_name:
            by_name[family.name].samples.extend(family.samples)
        else:
            by_name[family.name] = family
    return list(by_name.values())


def error_location(error: BaseException) -> str:
    """Where in our code the error was raised; its text may hold payload, so it is not used."""
    trace = error.__traceback__
    while (
        trace is not None
        and trace.tb_next is not None
        and "exporter" in trace.tb_next.tb_frame.f_code.co_filename
    ):
        trace = trace.tb_next
    if trace is None:
        return "an unknown location"
    name = trace.tb_frame.f_code.co_filename.rpartition("exporter/")[2]
    return f"{name}:{trace.tb_lineno}"
