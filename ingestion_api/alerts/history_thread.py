"""A thread that reads Prometheus for incidents: it fills gaps and keeps evidence, and delays nobody."""

import logging
import threading

from ingestion_api.alerts.coverage import Gap, PollCoverage
from ingestion_api.alerts.evidence import EvidenceReader
from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.gap import Known, fill_gap
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
BEFORE = 60.0  # seconds before a gap that are read as well, for the starts of what fired


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

    def run_once(self) -> bool:
        """Fill a gap, or read some evidence; whether there is more to do. Unavailable with the reason."""
        gap, api = self._coverage.gap, self._api
        if api is None:
            if gap is not None:
                self._coverage.close_gap(gap)
            return False
        if gap is not None:
            self._fill(api, gap)
            return True
        reader = EvidenceReader(self._store, api)
        return reader.read_some(self._signals.known().signals, self._clock())

    def _fill(self, api: PrometheusApi, gap: Gap) -> None:
        now = self._clock()
        external = external_labels(api, gap.labels, gap.until.timestamp())
        added = ended = 0
        reader = HistoryReader(api)
        for past in reader.read(gap.since.timestamp() - BEFORE, gap.until.timestamp()):
            filled = fill_gap(self._store, self._feed, past, Known(gap.firing, external, now))
            added, ended = added + filled.added, ended + filled.ended
        self._coverage.close_gap(gap)
        log.warning(
            "no alerts were received from %s to %s: Prometheus' history told of %d alerts and %d ends",
            gap.since.isoformat(timespec="seconds"), gap.until.isoformat(timespec="seconds"), added, ended,
        )  # fmt: skip

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
