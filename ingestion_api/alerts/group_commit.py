"""Group commit: calls of the webhook that wait for each other are written in one transaction.

Alertmanager's fast lane tells of each alert in a call of its own, so a storm is a thousand calls at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.store import Delivery, UpsertCounts, count_upserts, store_alerts
from ingestion_api.store import Store


@dataclass
class Waiting:
    """A delivery that waits for its turn, and what became of it."""

    delivery: Delivery
    counts: UpsertCounts | None = None
    error: Exception | None = None


class GroupCommit:
    """Writes what has gathered while the transaction before was written. Each caller waits for its commit."""

    def __init__(self, store: Store, feed: IncidentFeed) -> None:
        self._store = store
        self._feed = feed
        self._gathering = Lock()
        self._gathered: list[Waiting] = []
        self._writing = Lock()

    def __len__(self) -> int:
        """How many deliveries wait for the transaction that is under way."""
        return len(self._gathered)

    def write(self, delivery: Delivery) -> UpsertCounts:
        """Write a delivery, alone or with others of its receiver. Raises what its writing raises."""
        waiting = Waiting(delivery)
        with self._gathering:
            self._gathered.append(waiting)
        with self._writing:
            if waiting.counts is None and waiting.error is None:
                self._write_gathered(delivery.receiver)
        if waiting.counts is None:
            raise waiting.error or RuntimeError("a delivery was neither written nor refused")
        return waiting.counts

    def _write_gathered(self, receiver: str) -> None:
        with self._gathering:
            group = [it for it in self._gathered if it.delivery.receiver == receiver]
            self._gathered = [it for it in self._gathered if it.delivery.receiver != receiver]
        try:
            self._write(group)
        except Exception as error:  # noqa: BLE001 - each caller raises its own
            if len(group) == 1:
                group[0].error = error
            else:
                self._write_apart(group)

    def _write(self, group: Sequence[Waiting]) -> None:
        together = [alert for it in group for alert in it.delivery.alerts]
        new = store_alerts(self._store, self._feed, replace(group[-1].delivery, alerts=together))
        for waiting in group:
            waiting.counts = count_upserts(waiting.delivery, new)

    def _write_apart(self, group: Sequence[Waiting]) -> None:
        """After an error: one delivery must not cost the others."""
        for waiting in group:
            try:
                self._write([waiting])
            except Exception as error:  # noqa: BLE001 - as above
                waiting.error = error
