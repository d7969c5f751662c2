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


def probe_status(response: HttpResponse, slow: float) -> str:
    """The status that a health route gives its module; a response slower than `slow` seconds is degraded.

    A route that needs a token we lack, or that does not exist, gives `unknown`.
    """
    if response.status in (401, 403, 404, 405):
        return UNKNOWN
    reported = body_status(response.body)
    if response.status >= 500:
        return DOWN
    if response.status != 200 or reported == UNKNOWN:
        return UNKNOWN
    return worst_status((reported, DEGRADED)) if response.seconds > slow else reported


def body_status(content: bytes) -> str:
    """The status in the JSON of a health route, `{...}` or `[{...}, 503]`; `unknown` for anything else."""
    body, code = parse_probe_body(content)
    if code >= 500:
        return DOWN
    status = parse_status(body.get("status"))
    return (
        UNKNOWN if status == UNKNOWN else worst_status((status, database_flag_status(body.get("database"))))
    )


def database_status(content: bytes) -> str:
    """The status that a health route gives the database."""
    return database_flag_status(parse_probe_body(content)[0].get("database"))


def parse_probe_body(content: bytes) -> tuple[dict[str, Any], int]:
    """The object in the body, empty if there is none, and the HTTP status beside it in a list, else 0."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}, 0
    items = value if isinstance(value, list) else [value]
    body, code = (*items[:2], None, None)[:2]
    return body if isinstance(body, dict) else {}, code if isinstance(code, int) else 0


def database_flag_status(database: object) -> str:
    """The status of the `database` of a health route: true, false, or an object with `healthy` in it."""
    flag = database.get("healthy") if isinstance(database, dict) else database
    if not isinstance(flag, bool):
        return UNKNOWN
    return HEALTHY if flag else DOWN


RECHECK_SECONDS = 5.0  # seconds of faster probes after one that reports its module down


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
        """The effective status."""
        return effective_status(self.reported, self.observed)


class ProbeResult(NamedTuple):
    """A response of a health route, the status it reports, and the status after the one before it."""

    response: HttpResponse
    reported: str
    status: str


class ModuleStatuses:
    """Assesses every module, from polls that all collectors share."""

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
        """Every module in the order of the settings. Raises nothing: a silent backend is a result."""
        reachable = await self._backend.is_up()
        if reachable is False:
            self._unreachable_at = self._clock()
        if reachable:
            # a cached report needs no task of its own: this runs several times a second
            due: list[Poller[Any]] = [self._backend.totals, *self._backend.probes.values()]
            due += [q for q in self._backend.reported.values() if q.succeeded_at is None]
            await asyncio.gather(*map(poll, due))
        return [await self._assess_module(name, reachable) for name in self._names]

    async def _assess_module(self, name: str, reachable: bool | None) -> ModuleStatus:
        report = self._backend.reported[name]
        # a report from before an outage of the backend is stale
        reported = await reported_status(report) if reachable else UNKNOWN
        observed = await self._observed(name) if reachable else DOWN if reachable is False else UNKNOWN
        if observed != UNKNOWN:
            self._observed_at[name] = self._clock()
        seconds = await self._seconds(name) if reachable else None
        return ModuleStatus(
            name, reported, observed, seconds, report.succeeded_at, self._observed_at.get(name)
        )

    async def _seconds(self, name: str) -> float | None:
        """Response time of the health route; None if it does not exist or did not respond."""
        last, probe = self._probe_results.get(name), self._backend.probes.get(name)
        if last is None or probe is None or probe.error is not None:
            return None
        return None if last.reported == UNKNOWN else last.response.seconds

    def _probe_status(self, name: str, response: HttpResponse) -> str:
        """The status of this response; computed once for each response.

        After a first bad one the route is polled faster: the module is down after two in a row.
        """
        if name in self._probe_results and self._probe_results[name].response is response:
            return self._probe_results[name].status
        before, status = self._probe_results.get(name), probe_status(response, self._slow)
        is_first = status == DOWN and (before is None or before.reported != DOWN)
        standing = UNKNOWN if before is None else before.status
        self._probe_results[name] = ProbeResult(response, status, standing if is_first else status)
        if status == DOWN:
            self._backend.probes[name].poll_faster(RECHECK_SECONDS)
        return self._probe_results[name].status

    async def _observed(self, name: str) -> str:
        if name == MONITORING_MODULE:
            return self._own_polls()
        return worst_status((await self._by_probe(name), self._by_traffic(name)))

    async def _by_probe(self, name: str) -> str:
        """The status by the module's own health route, if it has a reliable one.

        If only this route is silent, the module is degraded: the backend responds, so it is not down.
        """
        probe = self._backend.probes.get(name)
        if probe is None:
            return UNKNOWN
        last = self._probe_results.get(name)
        if self._backend.is_database_up() is False and last is not None:
            # the route is not requested meanwhile; if it needs the database it is down
            return DOWN if database_status(last.response.body) != UNKNOWN else UNKNOWN
        if self._backend.is_pool_full():
            # the route is not requested meanwhile; if it needs the database it waits
            return (
                DEGRADED if last is not None and database_status(last.response.body) != UNKNOWN else UNKNOWN
            )
        try:
            return self._probe_status(name, await probe.get())
        except SourceTimeout:
            return DEGRADED
        except SourceError:
            return UNKNOWN

    def _by_traffic(self, name: str) -> str:
        return UNKNOWN if self._backend.totals.error else self._backend.traffic.status(name)

    def _own_polls(self) -> str:
        """The status of the monitoring module, by our own polls of its routes.

        A route that never succeeded, while others respond, is missing in this version and does not count.
        """
        pollers = (*self._backend.monitoring_pollers(), *self._backend.reported.values())
        outcomes = [(has_succeeded(it, self._unreachable_at), it.succeeded_at is not None) for it in pollers]
        known = [(ok, worked) for ok, worked in outcomes if ok is not None]
        if not known:
            return UNKNOWN
        if not any(ok for ok, _ in known):
            return DOWN
        return HEALTHY if all(ok for ok, worked in known if worked) else DEGRADED


async def poll(poller: Poller[Any]) -> None:
    """Poll, and ignore a failure."""
    with suppress(SourceError):
        await poller.get()


async def reported_status(poller: Poller[str]) -> str:
    """The reported status, `unknown` without a report."""
    try:
        return await poller.get()
    except SourceError:
        return UNKNOWN


def has_succeeded(poller: Poller[Any], unreachable_at: float) -> bool | None:
    """Whether the last poll succeeded; None if that proves nothing about its route.

    It proves nothing before the first poll, if a token is missing, or if the backend was unreachable:
    rare polls would report an outage long after its end.
    """
    error, failed_at = poller.error, poller.failed_at
    if error is None:
        return None if poller.succeeded_at is None else True
    if (
        isinstance(error, SourceUnreachable)
        or poller.absent
        or (failed_at is not None and failed_at <= unreachable_at)
    ):
        return None
    return None if isinstance(error, RequestFailed) and error.status in (401, 403, 404) else False
