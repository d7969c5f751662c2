"""The source of recorded signals: Prometheus, queried once for each whole period."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from exporter.anomaly.holiday_calendar import HolidayCalendar
from exporter.anomaly.parameters import Parameters
from exporter.anomaly.series import SeriesDetectors, SeriesStatus
from exporter.errors import FailureLog, RequestFailed, ResponseTooLarge, SourceError, SourceTimeout
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings import AnomalySettings, LimitSettings
from exporter.sources.base import BaseSource
from exporter.sources.json_object import JsonObject
from exporter.sources.prometheus.client import PrometheusClient, by_importance
from exporter.sources.prometheus.queries import (
    MIN_STEPS,
    TOO_MANY_SAMPLES,
    TOO_SLOW,
    UNREADABLE,
    WATCHED,
    RangeQuery,
    history_queries,
    latest_complete_time,
    queries_since,
)
from exporter.sources.prometheus.series import (
    Labels,
    SeriesName,
    SeriesSamples,
    Span,
    parse_series,
    unique_names,
)

log = logging.getLogger("exporter")
STALE_PERIODS = 2  # periods after which a series without samples is not shown, and that a clock may go back
POLL_TIMEOUT = 600.0  # seconds that all queries of a poll may take together; each has its own time-out
ROUND_ROWS = 12  # samples of each series up to which all series are read together
ROUND_SERIES = 200  # series that are read together; scrapes run in between
BATCH_ROWS = 4000  # samples that are read at once, in some 10 ms: scrapes run in between
LOG_LENGTH = 200  # characters of a selector in the log


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
        self._log = FailureLog()
        url = settings.source_url
        self._client = PrometheusClient(settings)
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
        self._log_silence(since)
        return self._snapshot(since)

    def _snapshot(self, since: float) -> AnomalySnapshot:
        statuses = dict(self._detectors.statuses(since))
        names = unique_names(statuses, self._length)
        return AnomalySnapshot(
            [(names[labels], status) for labels, status in statuses.items()],
            self._detectors.count_unwatched(since),
        )

    def _log_silence(self, since: float) -> None:
        if any(self._detectors.statuses(since)):
            self._log.log_recovery("anomaly detection")
        else:
            self._log.log_failure(
                "anomaly detection",
                f"Prometheus has no sample of {WATCHED} since {since:.0f} (Unix time); expected that it "
                "evaluates the recording rules, and that its clock agrees with that of the exporter",
            )

    async def _recent_series(self, end: float) -> list[Labels]:
        """The series of the last day that can be watched: the living first, the whole before its parts."""
        found, places = await self._labels("count_over_time({}[1d])", end), self._settings.series
        if len(found) <= places:
            return found
        living = {*await self._labels("{}", end)}
        found.sort(key=lambda labels: labels not in living)
        for labels in found[places:]:
            if labels in living:
                self._detectors.mark_unwatched(labels, end)
        return found[:places]

    async def _labels(self, expression: str, at: float) -> list[Labels]:
        found = await self._client.vector(expression, at)
        for selector, error in found.too_large:
            self._leave_out(selector, at, error)
        return [labels for labels, _ in found.series]

    def _leave_out(self, selector: str, at: float, error: SourceError) -> None:
        """Log what cannot be read, and count it as one series that is left out."""
        self._log_unread(selector, error)
        self._detectors.mark_unwatched((("selector", selector),), at)

    def _log_unread(self, selector: str, error: SourceError) -> None:
        self._log.log_failure(f"anomaly detection of {selector[:LOG_LENGTH]!r}", str(error))

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
                query = self._queries[0]
                span = Span(query.begin, query.end, query.steps(self._settings.period))
                await self._feed(parse_series(response, span))
                self._queries.popleft()
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    def _start(self, query: RangeQuery) -> asyncio.Task[JsonObject]:
        return asyncio.create_task(
            self._client.query(query.path(self._settings.period)), name="query Prometheus"
        )

    async def _receive(self, request: asyncio.Task[JsonObject]) -> JsonObject | None:
        """The response to the first query; None where it is too large, and divided. Raises SourceError."""
        query = self._queries[0]
        try:
            return await request
        except ResponseTooLarge as error:
            self._divide(await self._split(query, error))
        except RequestFailed as error:
            self._divide(self._parts_of_refused(query, error))
            if error.status in TOO_SLOW:
                raise
        except SourceTimeout:
            self._divide(query.halves(self._settings.period) or [query])
            raise
        return None

    def _divide(self, parts: Iterable[RangeQuery]) -> None:
        """Replace the first query with these."""
        self._queries.popleft()
        self._queries.extendleft(reversed([*parts]))

    def _parts_of_refused(self, query: RangeQuery, error: RequestFailed) -> list[RangeQuery]:
        """The query in parts that Prometheus may accept. Raises the error where there are none."""
        period = self._settings.period
        if error.status in TOO_SLOW:
            return [*query.halves(period)] or [query]
        if error.status == TOO_MANY_SAMPLES and query.steps(period) >= MIN_STEPS:
            return [*query.halves(period)]
        if error.status == TOO_MANY_SAMPLES and len(query.selectors) > 1:
            return [*query.halves_by_series()]
        if error.status not in UNREADABLE or query.selectors == (WATCHED,):
            raise error
        if len(query.selectors) == 1:
            # it is watched from its next sample on
            self._log_unread(query.selectors[0], error)
        return [*query.halves_by_series()]

    async def _split(self, query: RangeQuery, error: ResponseTooLarge) -> list[RangeQuery]:
        """The query in parts, by signal where it selects all series; none if one signal is too large."""
        if halves := query.halves(self._settings.period):
            return [*halves]
        if query.selectors != (WATCHED,):
            self._leave_out(query.selectors[0], query.end, error)
            return []
        return [query._replace(selectors=await self._client.signal_selectors(query.end))]

    async def _feed(self, found: Iterable[tuple[Labels, SeriesSamples]]) -> None:
        """Feed the samples to the detectors in batches, the most important series first."""
        read = await by_importance(found)
        if all(len(rows.times) <= ROUND_ROWS for _, rows in read):
            for begin in range(0, len(read), ROUND_SERIES):
                part = read[begin : begin + ROUND_SERIES]
                self._detectors.read_round([(labels, *rows) for labels, rows in part])
                await asyncio.sleep(0)
            return
        for labels, rows in read:
            for begin in range(0, len(rows.times), BATCH_ROWS):
                batch = slice(begin, begin + BATCH_ROWS)
                self._detectors.read(labels, rows.times[batch], rows.values[batch])
                await asyncio.sleep(0)
