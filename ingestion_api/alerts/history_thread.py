"""A thread that reads Prometheus for incidents: it fills gaps and keeps evidence, and delays nobody."""

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion_api.alerts.coverage import Gap, PollCoverage
from ingestion_api.alerts.evidence import EvidenceReader
from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.gap import Filled, Known, fill_gap
from ingestion_api.alerts.incident_rows import latest_labels
from ingestion_api.alerts.prometheus_history import HistoryReader, external_labels
from ingestion_api.clock import Clock
from ingestion_api.errors import Unavailable
from ingestion_api.prometheus_api import PrometheusApi
from ingestion_api.signals import SignalFile
from ingestion_api.store import Store

log = logging.getLogger(__name__)

PERIOD = 5.0  # seconds
PAUSE = 0.2  # seconds between two batches
RETRY = 30.0  # seconds after a failure
BEFORE = 180.0  # seconds before a gap that are read as well, for the starts of what fired
# what ended right before the end of a gap has no samples after which that is known, so these follow later
AFTER = timedelta(seconds=120)
CLOCK_SECONDS = 60.0  # between two looks at the clock of Prometheus


@dataclass
class _Rest:
    """What a gap left open: the reader of its history, and what else is known of it."""

    gap: Gap
    reader: HistoryReader
    external: Mapping[str, str]


class HistoryThread:
    """Reads at most one thing at a time; without a Prometheus it does nothing."""

    def __init__(
        self, store: Store, feed: IncidentFeed, coverage: PollCoverage, signals: SignalFile, clock: Clock
    ) -> None:
        self._store = store
        self._feed = feed
        self._coverage = coverage
        self._signals = signals
        self._clock = clock
        self._api: PrometheusApi | None = None
        self._problem = ""
        self._failed: Counter[int] = Counter()
        self._rest: _Rest | None = None
        self._ahead: timedelta | None = None
        self._looked_at = -math.inf
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prometheus-history", daemon=True)

    def start(self, api: PrometheusApi | None) -> None:
        """Start the thread; `api` is closed with it."""
        self._api = api
        self._thread.start()

    def stop(self) -> None:
        """Stop after the present query."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        if self._api is not None:
            self._api.close()

    @property
    def ahead(self) -> timedelta | None:
        """How far the clock of Prometheus was ahead of ours when last looked at; None before that."""
        return self._ahead

    @property
    def _skew(self) -> timedelta:
        return self._ahead or timedelta(0)

    def run_once(self) -> bool:
        """Fill a gap, or read some evidence; whether there is more to do. Unavailable with the reason."""
        gap, api = self._coverage.gap, self._api
        if api is None:
            if gap is not None:
                self._coverage.close_gap(gap)
            return False
        self._look_at_clock(api)
        if gap is not None:
            try:
                self._fill(api, gap)
            except Unavailable:
                # one that cannot be read holds up no evidence
                self._read_evidence(api)
                raise
            return True
        if self._rest is not None and self._clock() >= self._rest.gap.until + AFTER:
            self._fill_rest(self._rest)
            return True
        return self._read_evidence(api)

    def _read_evidence(self, api: PrometheusApi) -> bool:
        reader = EvidenceReader(self._store, api, self._failed)
        return reader.read_some(self._signals.known().signals, self._clock() + self._skew)

    def _look_at_clock(self, api: PrometheusApi) -> None:
        """What is recorded has the times of Prometheus, which may have another clock."""
        if time.monotonic() - self._looked_at >= CLOCK_SECONDS:
            self._ahead, self._looked_at = api.ahead(), time.monotonic()

    def _seconds(self, moment: datetime) -> float:
        """A moment of our clock, as Unix time of Prometheus."""
        return (moment + self._skew).timestamp()

    def _fill(self, api: PrometheusApi, gap: Gap) -> None:
        since, until = self._seconds(gap.since), self._seconds(gap.until)
        external = external_labels(api, gap.labels, until)
        if external is None:
            # Alertmanager or Prometheus may have been started just now and know nothing yet
            external = external_labels(api, latest_labels(self._store), since) or {}
        rest = _Rest(gap, HistoryReader(api), external)
        filled = self._store_past(rest, since - BEFORE, until)
        self._coverage.close_gap(gap)
        self._rest = rest
        log.warning(
            "notices may have been missed from %s to %s: Prometheus' history told of %d alerts and %d ends",
            *(it.isoformat(timespec="seconds") for it in (gap.since, gap.until)), filled.added, filled.ended,
        )  # fmt: skip

    def _fill_rest(self, rest: _Rest) -> None:
        until = self._seconds(rest.gap.until)
        self._store_past(rest, until, until + AFTER.total_seconds())
        self._rest = None

    def _store_past(self, rest: _Rest, since: float, until: float) -> Filled:
        known = Known(rest.gap.firing, rest.external, self._clock())
        latest = rest.gap.until + self._skew
        added = ended = 0
        for past in rest.reader.read(since, until):
            begun = [it for it in past if it.start < latest]
            if begun:
                filled = fill_gap(self._store, self._feed, begun, known)
                added, ended = added + filled.added, ended + filled.ended
        return Filled(added, ended)

    def _run(self) -> None:
        while not self._stopped.is_set():
            pause = PERIOD
            try:
                pause = PAUSE if self.run_once() else PERIOD
                self._report("")
            except Unavailable as error:
                pause = RETRY
                self._report(error.detail)
            except Exception as error:  # noqa: BLE001 - a database that is away comes back
                self._report(type(error).__name__)
            self._stopped.wait(pause)

    def _report(self, problem: str) -> None:
        """Log a problem once, however long it lasts."""
        if problem and problem != self._problem:
            log.warning("Prometheus' history of incidents is not read: %s It is tried again.", problem)
        self._problem = problem
