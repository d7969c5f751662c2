"""Read timelines for pages soon or not at all, so that a Prometheus that hangs holds up no page for long."""

import time
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock

from ingestion_api.alerts.signal_timeline import SignalTimeline, Subject, read_timeline
from ingestion_api.clock import shifted
from ingestion_api.errors import Unavailable
from ingestion_api.prometheus_api import PrometheusApi
from ingestion_api.settings import Settings

QUERY_SECONDS = 2.0
MAX_BYTES = 8_000_000  # of a response: that of one signal and some hundred points of each series
AT_ONCE = 4
WAIT_SECONDS = 1.0
REST_SECONDS = 10.0  # after a failure, in which nothing is queried
SHORTEST_PAD = timedelta(minutes=5)


def shown_span(start: datetime, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """From when to when an incident is shown: a little before and after it, as far as it has passed."""
    until = min(end or now, now)
    pad = max(SHORTEST_PAD, (until - start) / 4)
    return shifted(start, -pad), min(now, until + pad)


class TimelineReader:
    """Reads the timelines of one Prometheus for several pages at once; after a failure it rests."""

    def __init__(self, api: PrometheusApi) -> None:
        self._api = api
        self._turns = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        self._problem = ""
        self._rests_until = 0.0

    @classmethod
    def at(cls, settings: Settings) -> "TimelineReader | None":
        """The reader of the settings; None without a Prometheus."""
        api = PrometheusApi.at(settings, QUERY_SECONDS, MAX_BYTES)
        return cls(api) if api else None

    def close(self) -> None:
        """Close all connections."""
        self._api.close()

    def read(self, subject: Subject, start: datetime, end: datetime) -> SignalTimeline:
        """The timeline; Unavailable with the reason."""
        with self._lock:
            if time.monotonic() < self._rests_until:
                raise Unavailable(self._problem)
        if not self._turns.acquire(timeout=WAIT_SECONDS):
            raise Unavailable("Too many pages query Prometheus at once; try again shortly.")
        try:
            return read_timeline(self._api, subject, start, end)
        except Unavailable as error:
            with self._lock:
                self._problem, self._rests_until = error.detail, time.monotonic() + REST_SECONDS
            raise
        finally:
            self._turns.release()
