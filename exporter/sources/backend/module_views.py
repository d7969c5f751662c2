"""What is known of each module: what the backend reports, what is observed, and what follows from both."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exporter.errors import Absent, Refused, SourceError, TimedOut
from exporter.question import Question
from exporter.settings import Settings
from exporter.sources.backend.client import Reply
from exporter.sources.backend.probe import verdict
from exporter.sources.backend.routes import WATCHING
from exporter.sources.backend.source import Backend
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN, derived, worst


@dataclass(frozen=True)
class ModuleView:
    """One module; times in Unix seconds, None for what was never known."""

    name: str
    reported: str
    observed: str
    probe_seconds: float | None
    reported_at: float | None
    observed_at: float | None

    @property
    def status(self) -> str:
        """What holds."""
        return derived(self.reported, self.observed)


class ModuleViews:
    """Looks at every module, from answers that all collectors share."""

    def __init__(self, settings: Settings, backend: Backend, clock: Callable[[], float] = time.time) -> None:
        self._names = tuple(module.name for module in settings.modules)
        self._slow = settings.judgement.degraded_seconds
        self._backend = backend
        self._clock = clock
        self._absent_at = 0.0
        self._observed_at: dict[str, float] = {}
        self._verdicts: dict[str, tuple[Reply, str]] = {}

    async def look(self) -> list[ModuleView]:
        """Every module in the order of the settings. Raises nothing: a silent backend is something to see."""
        reports = self._backend.reported
        # a report that is there costs no task of its own: this is read several times a second
        missing = (told(question) for question in reports.values() if question.answered_at is None)
        reachable, *_ = await asyncio.gather(self._backend.answers(), *missing)
        if not reachable:
            self._absent_at = self._clock()
        return [await self._view(name, await told(reports[name]), bool(reachable)) for name in self._names]

    async def _view(self, name: str, reported: str, reachable: bool) -> ModuleView:
        observed = await self._observed(name) if reachable else DOWN
        if observed != UNKNOWN:
            self._observed_at[name] = self._clock()
        reported_at = self._backend.reported[name].answered_at
        seconds = await self._seconds(name)
        return ModuleView(name, reported, observed, seconds, reported_at, self._observed_at.get(name))

    async def _seconds(self, name: str) -> float | None:
        """How long the health route took; None where it does not exist or did not answer."""
        probe = self._backend.probes.get(name)
        if probe is None or probe.error is not None:
            return None
        reply = await probe.answer()
        return None if self._verdict(name, reply) == UNKNOWN else reply.seconds

    def _verdict(self, name: str, reply: Reply) -> str:
        """What this answer says; read once, however often it is wanted."""
        if name not in self._verdicts or self._verdicts[name][0] is not reply:
            self._verdicts[name] = (reply, verdict(reply, self._slow))
        return self._verdicts[name][1]

    async def _observed(self, name: str) -> str:
        if name == WATCHING:
            return self._watching()
        return worst((await self._probed(name), self._by_traffic(name)))

    async def _probed(self, name: str) -> str:
        """What the module's own health route says, where it has one that is known to tell the truth."""
        probe = self._backend.probes.get(name)
        if probe is None:
            return UNKNOWN
        try:
            return self._verdict(name, await probe.answer())
        except (Refused, TimedOut):
            return DOWN
        except SourceError:
            return UNKNOWN

    def _by_traffic(self, name: str) -> str:
        return UNKNOWN if self._backend.totals.error else self._backend.traffic.status(name)

    def _watching(self) -> str:
        """The module that we use ourselves, by how our own questions to it fare while it is there."""
        asked = (*self._backend.watching(), *self._backend.reported.values())
        outcomes = [outcome(question, self._absent_at) for question in asked]
        known = [ok for ok in outcomes if ok is not None]
        if not known:
            return UNKNOWN
        return HEALTHY if all(known) else DEGRADED if any(known) else DOWN


async def told(question: Question[str]) -> str:
    """The status that is reported, `unknown` where nothing is."""
    try:
        return await question.answer()
    except SourceError:
        return UNKNOWN


def outcome(question: Question[Any], absent_at: float) -> bool | None:
    """Whether the question was answered when it was last put; None where that says nothing of its route.

    So it is with one that was not put yet, that wants a token, and that failed because nobody was there:
    questions that are seldom put would otherwise tell of an outage long after its end.
    """
    error, failed_at = question.error, question.failed_at
    if error is None:
        return None if question.answered_at is None else True
    if isinstance(error, Absent) or (failed_at is not None and failed_at <= absent_at):
        return None
    return None if isinstance(error, Refused) and error.status in (401, 403, 404) else False
