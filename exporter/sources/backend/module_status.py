"""The status of each module: as reported, as observed, and what follows from both."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from exporter.clock import steady_time
from exporter.errors import RequestFailed, SourceError, SourceTimeout, SourceUnreachable
from exporter.polling import Poller
from exporter.settings import Settings
from exporter.sources.backend.routes import MONITORING_MODULE
from exporter.sources.backend.source import BackendSource
from exporter.sources.http_response import HttpResponse
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN, effective_status, parse_status, worst_status


def probe_status(reply: HttpResponse, slow: float) -> str:
    """What a health route says of its module; an answer slower than `slow` seconds is at best degraded.

    A route that asks for a token we lack, or that does not exist, says nothing of the module.
    """
    if reply.status in (401, 403, 404, 405):
        return UNKNOWN
    said = body_status(reply.body)
    if reply.status >= 500:
        return DOWN
    if reply.status != 200 or said == UNKNOWN:
        return UNKNOWN
    return worst_status((said, DEGRADED)) if reply.seconds > slow else said


def body_status(content: bytes) -> str:
    """What the JSON of a health route says, `{...}` or `[{...}, 503]`; `unknown` for anything else."""
    said, code = parse_probe_body(content)
    if code >= 500:
        return DOWN
    status = parse_status(said.get("status"))
    return (
        UNKNOWN if status == UNKNOWN else worst_status((status, database_flag_status(said.get("database"))))
    )


def database_status(content: bytes) -> str:
    """What a health route says of the database."""
    return database_flag_status(parse_probe_body(content)[0].get("database"))


def parse_probe_body(content: bytes) -> tuple[dict[str, Any], int]:
    """The object in the answer, empty if there is none, and the HTTP status beside it in a list, else 0."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}, 0
    items = value if isinstance(value, list) else [value]
    said, code = (*items[:2], None, None)[:2]
    return said if isinstance(said, dict) else {}, code if isinstance(code, int) else 0


def database_flag_status(database: object) -> str:
    """What a health route says of the database it needs: true, false, or an object with `healthy` in it."""
    flag = database.get("healthy") if isinstance(database, dict) else database
    if not isinstance(flag, bool):
        return UNKNOWN
    return HEALTHY if flag else DOWN


RECHECK_SECONDS = 5.0  # seconds of quick probes after one that says that its module is down


@dataclass(frozen=True)
class ModuleStatus:
    """One module; times in seconds of the steady clock, None for what was never known."""

    name: str
    reported: str
    observed: str
    probe_seconds: float | None
    reported_at: float | None
    observed_at: float | None

    @property
    def status(self) -> str:
        """What holds."""
        return effective_status(self.reported, self.observed)


class ProbeResult(NamedTuple):
    """A response of a health route, what it says, and what follows from it and the one before."""

    reply: HttpResponse
    reported: str
    status: str


class ModuleStatuses:
    """Looks at every module, from answers that all collectors share."""

    def __init__(
        self, settings: Settings, backend: BackendSource, clock: Callable[[], float] = steady_time
    ) -> None:
        self._names = tuple(module.name for module in settings.modules)
        self._slow = settings.judgement.degraded_seconds
        self._backend = backend
        self._clock = clock
        self._unreachable_at = 0.0
        self._observed_at: dict[str, float] = {}
        self._probe_results: dict[str, ProbeResult] = {}

    async def assess(self) -> list[ModuleStatus]:
        """Every module in the order of the settings. Raises nothing: a silent backend is something to see."""
        reachable = await self._backend.is_up()
        if reachable is False:
            self._unreachable_at = self._clock()
        if reachable:
            # a report that is there costs no task of its own: this is read several times a second
            wanted: list[Poller[Any]] = [self._backend.totals, *self._backend.probes.values()]
            wanted += [q for q in self._backend.reported.values() if q.succeeded_at is None]
            await asyncio.gather(*map(poll, wanted))
        return [await self._assess_module(name, reachable) for name in self._names]

    async def _assess_module(self, name: str, reachable: bool | None) -> ModuleStatus:
        report = self._backend.reported[name]
        # a report from before the backend went away, or before it was met, is none of now
        reported = await reported_status(report) if reachable else UNKNOWN
        observed = await self._observed(name) if reachable else DOWN if reachable is False else UNKNOWN
        if observed != UNKNOWN:
            self._observed_at[name] = self._clock()
        seconds = await self._seconds(name) if reachable else None
        return ModuleStatus(
            name, reported, observed, seconds, report.succeeded_at, self._observed_at.get(name)
        )

    async def _seconds(self, name: str) -> float | None:
        """How long the health route took; None where it does not exist or did not answer."""
        last, probe = self._probe_results.get(name), self._backend.probes.get(name)
        if last is None or probe is None or probe.error is not None:
            return None
        return None if last.reported == UNKNOWN else last.reply.seconds

    def _probe_status(self, name: str, reply: HttpResponse) -> str:
        """What this answer says; read once, however often it is wanted.

        A single bad one is looked into at once: down is what two in a row say.
        """
        if name in self._probe_results and self._probe_results[name].reply is reply:
            return self._probe_results[name].status
        before, status = self._probe_results.get(name), probe_status(reply, self._slow)
        is_first = status == DOWN and before is not None and before.reported != DOWN
        self._probe_results[name] = ProbeResult(
            reply, status, before.status if is_first and before else status
        )
        if status == DOWN:
            self._backend.probes[name].poll_faster(RECHECK_SECONDS)
        return self._probe_results[name].status

    async def _observed(self, name: str) -> str:
        if name == MONITORING_MODULE:
            return self._own_polls()
        return worst_status((await self._by_probe(name), self._by_traffic(name)))

    async def _by_probe(self, name: str) -> str:
        """What the module's own health route says, where it has one that is known to tell the truth.

        A route that alone is silent makes its module degraded: the backend responds, so it is not down.
        """
        probe = self._backend.probes.get(name)
        if probe is None:
            return UNKNOWN
        last = self._probe_results.get(name)
        if self._backend.is_database_up() is False and last is not None:
            # the route is not requested meanwhile; of what it needs this is the truth
            return DOWN if database_status(last.reply.body) != UNKNOWN else UNKNOWN
        if self._backend.is_pool_full():
            # nor then; whoever needs the database waits
            return DEGRADED if last is not None and database_status(last.reply.body) != UNKNOWN else UNKNOWN
        try:
            return self._probe_status(name, await probe.get())
        except SourceTimeout:
            return DEGRADED
        except SourceError:
            return UNKNOWN

    def _by_traffic(self, name: str) -> str:
        return UNKNOWN if self._backend.totals.error else self._backend.traffic.status(name)

    def _own_polls(self) -> str:
        """The module that we use ourselves, by how our own questions to it fare while it is there.

        A route that has failed ever since we know it, while others respond, is as its version is.
        """
        asked = (*self._backend.monitoring_pollers(), *self._backend.reported.values())
        outcomes = [(has_succeeded(it, self._unreachable_at), it.succeeded_at is not None) for it in asked]
        known = [(ok, worked) for ok, worked in outcomes if ok is not None]
        if not known:
            return UNKNOWN
        if not any(ok for ok, _ in known):
            return DOWN
        return HEALTHY if all(ok for ok, worked in known if worked) else DEGRADED


async def poll(question: Poller[Any]) -> None:
    """Have the question asked, whatever comes of it."""
    with suppress(SourceError):
        await question.get()


async def reported_status(question: Poller[str]) -> str:
    """The status that is reported, `unknown` where nothing is."""
    try:
        return await question.get()
    except SourceError:
        return UNKNOWN


def has_succeeded(question: Poller[Any], unreachable_at: float) -> bool | None:
    """Whether the question was answered when it was last put; None where that says nothing of its route.

    So it is with one that was not put yet, that wants a token, and that failed because nobody was there:
    questions that are seldom put would otherwise tell of an outage long after its end.
    """
    error, failed_at = question.error, question.failed_at
    if error is None:
        return None if question.succeeded_at is None else True
    if (
        isinstance(error, SourceUnreachable)
        or question.absent
        or (failed_at is not None and failed_at <= unreachable_at)
    ):
        return None
    return None if isinstance(error, RequestFailed) and error.status in (401, 403, 404) else False
