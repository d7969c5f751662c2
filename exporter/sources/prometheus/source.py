"""What is asked of Prometheus: the recorded signals, at whole periods, each time once."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlencode

from exporter.anomaly.parameters import Parameters
from exporter.anomaly.series import SeriesDetectors, SeriesStatus
from exporter.errors import ResponseTooLarge, SourceTimeout
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings import AnomalySettings, LimitSettings
from exporter.sources.base import BaseSource
from exporter.sources.http_client import BearerToken, HttpClient
from exporter.sources.json_object import JsonObject
from exporter.sources.prometheus.queries import (
    WATCHED,
    RangeQuery,
    history_queries,
    latest_complete_time,
    queries_since,
    quote,
)
from exporter.sources.prometheus.series import (
    Labels,
    SeriesName,
    SeriesSamples,
    importance_key,
    parse_series,
    unique_names,
)

log = logging.getLogger("exporter")
STALE_PERIODS = 2  # periods after which a silent series is not shown any more, and that a clock may go back
POLL_TIMEOUT = 600.0  # seconds that all pieces of a look may take together; each has its own time-out
ROUND_ROWS = 12  # rows of each series up to which all series are read together
BATCH_ROWS = 4000  # rows that are read at once, in some 10 ms: scrapes come in between
RECENT_SERIES_QUERY = f"count_over_time({WATCHED}[1d])"


class AnomalySnapshot(NamedTuple):
    """How every watched series is, and how many could not be watched."""

    views: list[tuple[SeriesName, SeriesStatus]]
    left_out: int


class PrometheusSource(BaseSource):
    """The questions put to Prometheus; without an address none is."""

    def __init__(
        self, settings: AnomalySettings, limits: LimitSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings, self._clock = settings, clock
        self._length = limits.label_length
        url = settings.prometheus_url
        self._client = (
            HttpClient(url, BearerToken(None, None), settings.max_bytes, "Prometheus") if url else None
        )
        self._begin_anew()
        # its pace is of the steady clock: that of the day may go back
        pace = PollPolicy(
            POLL_TIMEOUT, interval=settings.period, backoff_base=1.0, max_backoff=settings.period
        )
        self.signals = Poller("Prometheus ops:watched", self._look if url else None, pace)

    def _begin_anew(self) -> None:
        of = self._settings
        tuning = Parameters.of(of.period, of.learn, frozenset(of.holidays))
        self._watch: SeriesDetectors[Labels] = SeriesDetectors(tuning, of.series)
        self._until: float | None = None
        self._pieces: deque[RangeQuery] = deque()  # that are still to be read, in order

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _look(self) -> AnomalySnapshot:
        """Read on from where the last look ended or broke off: nothing is missed, and nothing read twice."""
        period, end = self._settings.period, latest_complete_time(self._clock(), self._settings.period)
        if self._until is not None and end < self._until - STALE_PERIODS * period:
            log.warning("the clock went back by %.0f s: what is unusual is learnt anew", self._until - end)
            self._begin_anew()
        # what is loaded for it takes longer than the loop may stand still
        await asyncio.to_thread(self._watch.prepare)
        await self._read_pieces()
        if self._until is None:
            self._pieces.extend(history_queries(await self._listed(end), end, period))
        else:
            self._pieces.extend(queries_since(self._until, end, period, len(self._watch)))
        self._until = max(end, self._until or end)
        await self._read_pieces()
        since = self._until - STALE_PERIODS * period
        self._watch.forget(since)
        return self._told(since)

    def _told(self, since: float) -> AnomalySnapshot:
        views = dict(self._watch.views(since))
        names = unique_names(views, self._length)
        return AnomalySnapshot(
            [(names[labels], view) for labels, view in views.items()], self._watch.left_out(since)
        )

    async def _listed(self, end: float) -> list[Labels]:
        """The series of the last day that can be watched, the whole before its parts."""
        answer = await self._asked(f"/api/v1/query?{urlencode({'query': RECENT_SERIES_QUERY, 'time': end})}")
        found = sorted((labels for labels, _ in parse_series(answer)), key=importance_key)
        for labels in found[self._settings.series :]:
            self._watch.leave_out(labels, end)
        return found[: self._settings.series]

    async def _read_pieces(self) -> None:
        """Read the pieces one after the other; what was read stays so if a later one fails."""
        ahead: asyncio.Task[JsonObject] | None = None
        try:
            while self._pieces:
                asking = ahead or self._asking(self._pieces[0])
                ahead = None
                answer = await self._had(asking)
                if answer is None:
                    continue
                # Prometheus makes the next answer while this one is read
                ahead = self._asking(self._pieces[1]) if len(self._pieces) > 1 else None
                await self._take(parse_series(answer))
                self._pieces.popleft()
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    def _asking(self, piece: RangeQuery) -> asyncio.Task[JsonObject]:
        return asyncio.create_task(self._asked(piece.path(self._settings.period)), name="ask Prometheus")

    async def _had(self, asking: asyncio.Task[JsonObject]) -> JsonObject | None:
        """The answer to the first piece; None if it is too large and so divided. Raises SourceError."""
        piece = self._pieces[0]
        try:
            return await asking
        except ResponseTooLarge as error:
            self._divide(await self._smaller(piece, error))
            return None
        except SourceTimeout:
            self._divide(piece.halves(self._settings.period) or [piece])
            raise

    def _divide(self, parts: Iterable[RangeQuery]) -> None:
        """Put these in the place of the first piece."""
        self._pieces.popleft()
        self._pieces.extendleft(reversed([*parts]))

    async def _smaller(self, piece: RangeQuery, error: ResponseTooLarge) -> list[RangeQuery]:
        """The piece in parts; by signal where it is of all series; none if one signal is too large."""
        if halves := piece.halves(self._settings.period):
            return [*halves]
        if piece.selectors != (WATCHED,):
            log.warning("%s; it is left out: %s", error, piece.selectors[0])
            return []
        query = urlencode({"query": f"group by (signal) ({WATCHED})", "time": piece.end})
        found = [dict(labels) for labels, _ in parse_series(await self._asked(f"/api/v1/query?{query}"))]
        selectors = tuple(f"{WATCHED}{{signal={quote(it.get('signal', ''))}}}" for it in found)
        return [piece._replace(selectors=selectors)]

    async def _asked(self, path: str) -> JsonObject:
        """The answer to one query, within the time that one may take. Raises TimedOut, TooLarge."""
        assert self._client is not None  # noqa: S101  (without one there is no question)
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._client.get_json(path)
        except TimeoutError:
            raise SourceTimeout(f"Prometheus gave no answer within {self._settings.timeout:g} s") from None

    async def _take(self, found: Iterable[tuple[Labels, SeriesSamples]]) -> None:
        """Hand the rows on, a slice at a time; what comes first is watched where not all can be."""
        read: list[tuple[Labels, SeriesSamples]] = []
        for one in found:
            read.append(one)
            await asyncio.sleep(0)
        read.sort(key=lambda one: importance_key(one[0]))
        if all(len(rows.times) <= ROUND_ROWS for _, rows in read):
            self._watch.take_round([(labels, *rows) for labels, rows in read])
            return
        for labels, rows in read:
            for begin in range(0, len(rows.times), BATCH_ROWS):
                part = slice(begin, begin + BATCH_ROWS)
                self._watch.take(labels, rows.times[part], rows.values[part])
                await asyncio.sleep(0)
