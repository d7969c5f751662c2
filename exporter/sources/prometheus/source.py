"""What is asked of Prometheus: the recorded signals, at whole periods, each time once."""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

from exporter import bounds
from exporter.anomaly.tuning import Tuning
from exporter.anomaly.view import View
from exporter.anomaly.watch import Watch
from exporter.pace import Pace
from exporter.question import Question
from exporter.settings import Anomalies, Limits
from exporter.sources.asked import Asked
from exporter.sources.backend.client import BackendClient
from exporter.sources.backend.token import Token
from exporter.sources.prometheus.answers import Name, Rows, series
from exporter.sources.prometheus.spans import Span, spans

WATCHED = "ops:watched"
ROUNDS = 2  # periods after which a silent series is not shown any more


class Unusual(NamedTuple):
    """How every watched series is, and how many could not be watched."""

    views: list[tuple[Name, View]]
    left_out: int


class Prometheus(Asked):
    """The questions put to Prometheus; without an address none is."""

    def __init__(self, settings: Anomalies, limits: Limits, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock = settings, clock
        self._length = limits.label_length
        self._watch: Watch[Name] = Watch(Tuning.of(settings.period), settings.series)
        self._until: float | None = None
        url = settings.prometheus_url
        self._client = (
            BackendClient(url, Token(None, None), settings.max_bytes, "Prometheus") if url else None
        )
        pace = Pace(settings.timeout, every=settings.period, rest=1.0, longest_rest=settings.period)
        self.signals = Question("Prometheus ops:watched", self._look if url else None, pace, clock)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _look(self) -> Unusual:
        """Read on from where the last look ended, so that nothing is missed and nothing read twice."""
        period = self._settings.period
        for span in spans(self._until, self._clock(), period):
            await self._read(span)
            self._until = span[1]
        since = (self._until or 0.0) - ROUNDS * period
        self._watch.forget(since)
        return Unusual([*self._watch.views(since)], self._watch.left_out(since))

    async def _read(self, span: Span) -> None:
        assert self._client is not None  # noqa: S101  (without one there is no question)
        answer = await self._client.document(path(span, self._settings.period))
        # what comes first is watched where not all can be
        for name, rows in sorted(series(answer), key=importance):
            short = Name(*(bounds.label(text, self._length) for text in name))
            self._watch.take(short, rows.times, rows.values)
            # a week of a series takes milliseconds; scrapes come in between
            await asyncio.sleep(0)


def importance(found: tuple[Name, Rows]) -> tuple[bool, bool, Name]:
    """The whole before its parts, and of these the modules first."""
    name = found[0]
    return bool(name.part), not name.module, name


def path(span: Span, period: float) -> str:
    """The query for one time or for several."""
    begin, end = span
    if begin == end:
        return f"/api/v1/query?{urlencode({'query': WATCHED, 'time': end})}"
    times = {"query": WATCHED, "start": begin, "end": end, "step": period}
    return f"/api/v1/query_range?{urlencode(times)}"
