"""A thread that removes what is older or more than the settings allow; several services may each have one."""

import logging
import threading
from collections.abc import Callable, Mapping

from ingestion_api.clock import Clock, elapsed_seconds
from ingestion_api.retention.audit import audit_removal
from ingestion_api.retention.incidents import incident_removal, text_removal
from ingestion_api.retention.jobs import job_removal
from ingestion_api.retention.removal import Removal, Retention, remove_in_batches
from ingestion_api.retention.retention_time import RetentionTime
from ingestion_api.settings import Settings
from ingestion_api.store import Store

log = logging.getLogger(__name__)


class RetentionThread:
    """Looks once in a period; what it removes goes in small transactions, so that nobody waits for it."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, elapsed: Callable[[], float] = elapsed_seconds
    ) -> None:
        self._store = store
        self._settings = settings
        self._time = RetentionTime(store, clock, elapsed)
        self._problem = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the present transaction."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def run_once(self) -> Mapping[str, int]:
        """Remove what may go now; how many rows of each table went."""
        removed: dict[str, int] = {}
        for removal in self._removals():
            number = remove_in_batches(self._store, removal, self._rest)
            if number:
                removed[removal.table] = number
        if removed:
            log.info("removed %s", ", ".join(f"{number} of {table}" for table, number in removed.items()))
        return removed

    def _removals(self) -> tuple[Removal, ...]:
        kept, now = self._settings, self._time()
        return (
            incident_removal(Retention.of(kept.retention_incident_days, kept.retention_incidents), now),
            text_removal(),
            job_removal(Retention.of(kept.retention_job_days, kept.retention_jobs), now),
            audit_removal(Retention.of(kept.retention_audit_days, kept.retention_audit_rows), now),
        )

    def _rest(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise _StoppedError

    def _run(self) -> None:
        while not self._stopped.wait(self._settings.retention_period):
            try:
                self.run_once()
                self._tell("")
            except _StoppedError:
                return
            except Exception as error:  # noqa: BLE001 - a database that is away comes back
                self._tell(type(error).__name__)

    def _tell(self, problem: str) -> None:
        """Log a problem once, however many rounds it lasts."""
        if problem and problem != self._problem:
            log.warning("old rows cannot be removed: %s; trying again", problem)
        self._problem = problem


class _StoppedError(Exception):
    """The service ends."""
