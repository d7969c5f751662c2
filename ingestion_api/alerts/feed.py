"""Who wants to know what happens to incidents is called after each commit."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IncidentChange:
    """One thing that happened to an incident.

    `kind` is "started", "ended", "reopened", "acknowledged", "unacknowledged" or "closed".
    """

    alert_id: int
    kind: str
    at: datetime
    name: str
    severity: str
    summary: str


def ended(rows: Iterable[Any], at: datetime) -> list[IncidentChange]:
    """The ends of incidents; `rows` have an id, a name, a severity and annotations."""
    return [IncidentChange(row.id, "ended", at, row.name, row.severity, summary_of(row)) for row in rows]


def summary_of(row: Any) -> str:
    """The summary of an incident: a name alone does not tell which of several alerts of one name it is."""
    return str((row.annotations or {}).get("summary", ""))


Subscriber = Callable[[IncidentChange], None]


class IncidentFeed:
    """Calls every subscriber, in the thread that committed; one must be quick and not raise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: tuple[Subscriber, ...] = ()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber` with each change from now on; returns what ends that."""
        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers = tuple(each for each in self._subscribers if each is not subscriber)

        return unsubscribe

    def publish(self, changes: Iterable[IncidentChange]) -> None:
        """Call the subscribers; one that fails is logged and costs no other."""
        for change in changes:
            for subscriber in self._subscribers:
                try:
                    subscriber(change)
                except Exception:
                    log.exception("a subscriber failed at alert %d, %s", change.alert_id, change.kind)
