"""The source of recorded signals: Prometheus, queried once for each whole period."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlencode

from exporter.anomaly.holiday_calendar import HolidayCalendar
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
STALE_PERIODS = 2  # periods after which a series without samples is not shown, and that a clock may go back
POLL_TIMEOUT = 600.0  # seconds that all queries of a poll may take together; each has its own time-out
ROUND_ROWS = 12  # samples of each series up to which all series are read together
BATCH_ROWS = 4000  # samples that are read at once, in some 10 ms: scrapes run in between
RECENT_SERIES_QUERY = f"count_over_time({WATCHED}[1d])"


class AnomalySnapshot(NamedTuple):
    """The status of every watched series, and the number of series that could not be watched."""

    statuses: list[tuple[SeriesName, SeriesStatus]]
    left_out: int


class PrometheusSource(BaseSource):
    """The poller of Prometheus; not configured without an address."""

    def __init__(
        self, settings: AnomalySettings, limits: LimitSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings, self._clock = settings, clock
        self._length = limits.label_length
        url = settings.prometheus_url
        self._client = (
            HttpClient(url, BearerToken(None, None), settings.max_bytes, "Prometheus") if url else None
        )
        self._reset()
        # its policy uses the steady clock: the wall clock may go back
        policy = PollPolicy(
            POLL_TIMEOUT, interval=settings.period, backoff_base=1.0, max_backoff=settings.period
        )
        self.signals = Poller("Prometheus ops:watched", self._poll if url else None, policy)

    def _reset(self) -> None:
        settings = self._settings
        calendar = HolidayCalendar(settings.holidays, settings.holiday_country, settings.holiday_subdivision)
        parameters = Parameters.for_interval(settings.period, settings.learn, calendar)
        self._detectors: SeriesDetectors[Labels] = SeriesDetectors(parameters, settings.series)
        self._until: float | None = None
        self._queries: deque[RangeQuery] = deque()  # still to run, in order

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _poll(self) -> AnomalySnapshot:
        """Read on from where the last poll ended or failed: nothing is missed, and nothing read twice."""
        period, end = self._settings.period, latest_complete_time(self._clock(), self._settings.period)
        if self._until is not None and end < self._until - STALE_PERIODS * period:
            log.warning("the clock went back by %.0f s: the anomaly detectors start again", self._until - end)
            self._reset()
        # loading numpy takes longer than the event loop may block
        await asyncio.to_thread(self._detectors.load)
        await self._run_queries()
        if self._until is None:
            self._queries.extend(history_queries(await self._recent_series(end), end, period))
        else:
            self._queries.extend(queries_since(self._until, end, period, len(self._detectors)))
        self._until = max(end, self._until or end)
        await self._run_queries()
        since = self._until - STALE_PERIODS * period
        self._detectors.remove_silent(since)
        return self._snapshot(since)

    def _snapshot(self, since: float) -> AnomalySnapshot:
        statuses = dict(self._detectors.statuses(since))
        names = unique_names(statuses, self._length)
        return AnomalySnapshot(
            [(names[labels], status) for labels, status in statuses.items()],
            self._detectors.count_unwatched(since),
        )

    async def _recent_series(self, end: float) -> list[Labels]:
        """The series of the last day that can be watched, the whole before its parts."""
        response = await self._query(
            f"/api/v1/query?{urlencode({'query': RECENT_SERIES_QUERY, 'time': end})}"
        )
        found = sorted((labels for labels, _ in parse_series(response)), key=importance_key)
        for labels in found[self._settings.series :]:
            self._detectors.mark_unwatched(labels, end)
        return found[: self._settings.series]

    async def _run_queries(self) -> None:
        """Run the queries in order; their samples stay read if a later query fails."""
        ahead: asyncio.Task[JsonObject] | None = None
        try:
            while self._queries:
                request = ahead or self._start(self._queries[0])
                ahead = None
                response = await self._receive(request)
                if response is None:
                    continue
                # Prometheus computes the next response while this one is read
                ahead = self._start(self._queries[1]) if len(self._queries) > 1 else None
                await self._feed(parse_series(response))
                self._queries.popleft()
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    def _start(self, query: RangeQuery) -> asyncio.Task[JsonObject]:
        return asyncio.create_task(self._query(query.path(self._settings.period)), name="query Prometheus")

    async def _receive(self, request: asyncio.Task[JsonObject]) -> JsonObject | None:
        """The response to the first query; None where it is too large, and divided. Raises SourceError."""
        query = self._queries[0]
        try:
            return await request
        except ResponseTooLarge as error:
            self._divide(await self._split(query, error))
            return None
        except SourceTimeout:
            self._divide(query.halves(self._settings.period) or [query])
            raise

    def _divide(self, parts: Iterable[RangeQuery]) -> None:
        """Replace the first query with these."""
        self._queries.popleft()
        self._queries.extendleft(reversed([*parts]))

    async def _split(self, query: RangeQuery, error: ResponseTooLarge) -> list[RangeQuery]:
        """The query in parts, by signal where it selects all series; none if one signal is too large."""
        if halves := query.halves(self._settings.period):
            return [*halves]
        if query.selectors != (WATCHED,):
            log.warning("%s; the series is left out: %s", error, query.selectors[0])
            return []
        signals = urlencode({"query": f"group by (signal) ({WATCHED})", "time": query.end})
        found = [dict(labels) for labels, _ in parse_series(await self._query(f"/api/v1/query?{signals}"))]
        selectors = tuple(f"{WATCHED}{{signal={quote(it.get('signal', ''))}}}" for it in found)
        return [query._replace(selectors=selectors)]

    async def _query(self, path: str) -> JsonObject:
        """The response to one query. Raises SourceTimeout, ResponseTooLarge."""
        assert self._client is not None  # noqa: S101  (without one there is no poller)
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._client.get_json(path)
        except TimeoutError:
            raise SourceTimeout(f"Prometheus did not respond within {self._settings.timeout:g} s") from None

    async def _feed(self, found: Iterable[tuple[Labels, SeriesSamples]]) -> None:
        """Feed the samples to the detectors in batches, the most important series first."""
        read: list[tuple[Labels, SeriesSamples]] = []
        for one in found:
            read.append(one)
            await asyncio.sleep(0)
        read.sort(key=lambda one: importance_key(one[0]))
        if all(len(rows.times) <= ROUND_ROWS for _, rows in read):
            self._detectors.read_round([(labels, *rows) for labels, rows in read])
            return
        for labels, rows in read:
            for begin in range(0, len(rows.times), BATCH_ROWS):
                part = slice(begin, begin + BATCH_ROWS)
                self._detectors.read(labels, rows.times[part], rows.values[part])
                await asyncio.sleep(0)
