"""The check of the backend over HTTP: one request at a time, and none that blocks it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from exporter.check.attempt import Attempt, CheckDeadline, OperationCounter, try_poll
from exporter.check.finding import (
    ADD_CREDENTIALS,
    RENEW_CREDENTIALS,
    Finding,
    FindingState,
    PollCost,
    ReportSection,
    advice,
    join_names,
)
from exporter.errors import RequestFailed, SourceError, SourceTimeout
from exporter.polling import Poller
from exporter.settings_backend import BackendSettings
from exporter.sources import Sources
from exporter.sources.backend.module_status import probe_status
from exporter.sources.backend.request_totals import RequestTotals
from exporter.sources.backend.source import BackendSource
from exporter.sources.http_response import HttpResponse

PING = "/"  # any status will do; it touches neither database nor Redis
INGESTION = "backend ingestion"
MODULE = "backend health of "
NO_MODULE = f"{MODULE}no module"
NO_ROUTE = (404, 405, 501)
DENIED = (401, 403)
METRICS = "/metrics"
METRICS_OFF = "Switch the backend's metrics on (ENABLE_METRICS=true); http_requests_total is expected."
ABOUT_ABSENT = "No fault: this backend has no such route, or it is not configured there."
ABOUT_SKIPPED = "the backend was slow or silent before, or the time was over"
NO_RESPONSE = "no response at the default address"
ABOUT_NOT_SET = "Set BACKEND_URL to see the backend: requests, modules, event bus."
ABSENT_PERIOD = 900.0  # seconds
SLOW = 1.0  # seconds from which a route may have blocked the backend: those like it are left out
BLOCKING = Finding(
    "/health, /workers/status",
    FindingState.SKIPPED,
    "each blocks the backend for 2 to 3 s; they are requested on change only",
)


async def check_backend(sources: Sources, meter: OperationCounter, limit: CheckDeadline) -> ReportSection:
    """Check the backend over HTTP, without the routes that block it."""
    return await BackendCheck(sources.backend, sources.settings.backend, meter, limit).run()


class BackendCheck:
    """Tries the polls of the backend, and stops where it no longer responds."""

    def __init__(
        self, backend: BackendSource, settings: BackendSettings, meter: OperationCounter, limit: CheckDeadline
    ) -> None:
        self._backend = backend
        self._settings = settings
        self._meter = meter
        self._limit = limit
        self._silent = False
        self._slow = False
        self.attempts: list[Attempt] = []

    async def run(self) -> ReportSection:
        """Make each poll of the exporter once."""
        reached = await self.ping()
        findings = [reached]
        if reached.state is FindingState.SEEN:
            for poller in self._polls():
                await self._try(poller)
            findings += [*self._findings(), BLOCKING]
        polls = tuple(poll for it in self.attempts if (poll := poll_cost(it)))
        return ReportSection("backend", self._settings.url, tuple(findings), polls)

    async def ping(self) -> Finding:
        """Whether a server responds at the address."""
        poller = Poller("backend", lambda: self._backend.client.get(PING), self._backend.totals.policy)
        tried = await try_poll(poller, self._meter, self._limit, 2.0)
        if tried.error is None:
            return Finding("reachable", FindingState.SEEN, format_duration(tried.seconds))
        if "url" not in self._settings.model_fields_set:
            return Finding("BACKEND_URL", FindingState.NOT_SET, NO_RESPONSE, ABOUT_NOT_SET)
        return Finding("reachable", FindingState.HIDDEN, str(tried.error), advice(tried.error, "BACKEND_URL"))

    def _polls(self) -> Iterator[Poller[Any]]:
        blocking = (self._backend.health, self._backend.workers)
        polls = [poller for poller in self._backend.pollers() if poller not in blocking]
        # what may block it comes last
        yield from sorted(polls, key=lambda poller: poller.name.startswith(INGESTION))

    async def _try(self, poller: Poller[Any]) -> None:
        blocks = self._slow and poller.name.startswith(INGESTION)
        if self._silent or blocks:
            self.attempts.append(Attempt(poller.name, None, None, 0.0, None))
            return
        tried = await try_poll(
            poller, self._meter, self._limit, shared=(self._backend.totals, self._backend.pool)
        )
        self.attempts.append(tried)
        self._slow = self._slow or tried.seconds > SLOW
        if isinstance(tried.error, SourceTimeout):
            self._silent = (await self.ping()).state is not FindingState.SEEN

    def _findings(self) -> Iterator[Finding]:
        denied = [it for it in self.attempts if is_denied(it)]
        yield self._token(denied)
        routes = [it for it in self.attempts if not it.name.startswith(MODULE) and it not in denied]
        by_state = {state: [it for it in routes if finding_state(it) is state] for state in FindingState}
        if seen := by_state[FindingState.SEEN]:
            yield Finding("routes", FindingState.SEEN, join_names(map(route_name, seen)))
        yield from self._page(seen)
        yield from map(failure_finding, by_state[FindingState.HIDDEN])
        if absent := by_state[FindingState.ABSENT]:
            yield Finding(
                "routes absent", FindingState.ABSENT, join_names(map(route_with_status, absent)), ABOUT_ABSENT
            )
        if skipped := by_state[FindingState.SKIPPED]:
            yield Finding(
                "routes left out",
                FindingState.SKIPPED,
                f"{join_names(map(route_name, skipped))}: {ABOUT_SKIPPED}",
            )
        yield from self._modules(denied)

    def _token(self, denied: Sequence[Attempt]) -> Finding:
        given = self._settings.token is not None or self._settings.token_file is not None
        unreadable = next((it.error for it in self.attempts if "token file" in str(it.error)), None)
        if unreadable is not None:
            return Finding("token", FindingState.HIDDEN, str(unreadable), "Let this user read the file.")
        if not denied:
            return Finding("token", FindingState.SEEN, "accepted" if given else "none is needed")
        what = f"{len(denied)} routes respond 401 or 403: {join_names(map(route_name, denied))}"
        return Finding("token", FindingState.HIDDEN, what, RENEW_CREDENTIALS if given else ADD_CREDENTIALS)

    def _page(self, seen: Sequence[Attempt]) -> Iterator[Finding]:
        """A finding where the backend's metrics page has no known metric."""
        totals = next((it.value for it in seen if isinstance(it.value, RequestTotals)), None)
        if totals is not None and not totals.counts_requests:
            yield Finding(
                "/metrics content",
                FindingState.HIDDEN,
                "no request counter was recognised: traffic, errors and durations are unknown",
                METRICS_OFF,
            )

    def _modules(self, denied: Sequence[Attempt]) -> Iterator[Finding]:
        # a name that no module has is requested to see whether the reports are believable
        own = [it for it in self.attempts if it.name.startswith(MODULE) and it.name != NO_MODULE]
        reports = [it for it in own if it not in denied]
        seen = [it for it in reports if finding_state(it) is FindingState.SEEN]
        if seen:
            yield Finding(
                "module reports", FindingState.SEEN, f"/health/module/NAME of {len(seen)} of {len(reports)}"
            )
        elif reports:
            yield Finding(
                "module reports", finding_state(reports[0]), f"{route_with_status(reports[0])} and the others"
            )


def is_denied(tried: Attempt) -> bool:
    """Whether a token is missing or wrong."""
    return http_status(tried) in DENIED


def http_status(tried: Attempt) -> int | None:
    """The HTTP status of the response; None without one."""
    if isinstance(tried.value, HttpResponse):
        return tried.value.status
    return tried.error.status if isinstance(tried.error, RequestFailed) else None


def finding_state(tried: Attempt) -> FindingState:
    """The state of the route after an attempt."""
    if tried.skipped:
        return FindingState.SKIPPED
    status = http_status(tried)
    if status in NO_ROUTE and route_name(tried) != METRICS:
        return FindingState.ABSENT
    if status == 503 and tried.name.startswith(INGESTION):
        return FindingState.ABSENT
    return FindingState.SEEN if tried.error is None else FindingState.HIDDEN


def failure_finding(tried: Attempt) -> Finding:
    """A route that cannot be seen."""
    name, status = route_name(tried), http_status(tried)
    error = tried.error or SourceError(f"{name} responds {status}")
    helps = METRICS_OFF if name == METRICS and status in NO_ROUTE else advice(error, "BACKEND_URL")
    return Finding(name, FindingState.HIDDEN, str(error), helps)


def route_with_status(tried: Attempt) -> str:
    """The route and its response."""
    return f"{route_name(tried)} ({http_status(tried) or tried.error})"


def poll_cost(tried: Attempt) -> PollCost | None:
    """The cost of its poll; an absent route is requested rarely."""
    if tried.poll is None or finding_state(tried) is not FindingState.ABSENT:
        return tried.poll
    return replace(tried.poll, a_minute=min(tried.poll.a_minute, 60 / ABSENT_PERIOD))


def route_name(tried: Attempt) -> str:
    """The route, as the exporter calls it."""
    return tried.name.removeprefix("backend ")


def format_duration(seconds: float) -> str:
    """A duration for a person."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def describe_reply(reply: HttpResponse, slow: float) -> str:
    """The response of a health route, for a person."""
    return f"{reply.status}, {probe_status(reply, slow)}, {format_duration(reply.seconds)}"
