"""How rows are removed: a few in each transaction, and a rest for those who write after each."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ingestion_api.store import Store
from ingestion_api.store.removed_totals import ROWS, add_removed
from ingestion_api.store.store import take_advisory_lock

BATCH = 100  # rows in one transaction
REST = 0.05  # seconds between two of them
MAX_BATCHES = 200  # in one round


@dataclass(frozen=True)
class Retention:
    """How long and how many are kept; None is no limit."""

    age: timedelta | None
    number: int | None

    @classmethod
    def of(cls, days: float, number: int) -> "Retention":
        """From settings, where 0 is no limit."""
        return cls(timedelta(days=days) if days else None, number or None)

    def oldest(self, now: datetime) -> datetime | None:
        """The moment before which something is too old."""
        return None if self.age is None else now - self.age


def last_id_beyond(session: Session, column: Any, number: int | None) -> int:
    """The greatest id that is no longer among so many newest; 0 where there are no more."""
    if number is None:
        return 0
    found: int | None = session.scalar(select(column).order_by(column.desc()).offset(number).limit(1))
    return found or 0


@dataclass(frozen=True)
class Removal:
    """What goes from a table: queries that give ids, and how rows are deleted."""

    table: str
    finds: Sequence[Callable[[Session], Select[Any]]]
    delete: Callable[[Session, Sequence[int]], None]
    lock: str  # of those who change these rows


def remove_in_batches(store: Store, removal: Removal, rest: Callable[[float], object] = time.sleep) -> int:
    """Remove what each query finds; how many rows went."""
    removed = 0
    for find in removal.finds:
        for _ in range(MAX_BATCHES):
            # looked for without the write lock, since there is nearly always nothing to do
            with store.read() as session:
                if session.scalar(find(session).limit(1)) is None:
                    break
            removed += _remove_some(store, removal, find)
            rest(REST)
    return removed


def _remove_some(store: Store, removal: Removal, find: Callable[[Session], Select[Any]]) -> int:
    with store.write() as session:
        # another service on this database may have found the same
        take_advisory_lock(session, removal.lock)
        ids = session.scalars(find(session).limit(BATCH)).all()
        if ids:
            removal.delete(session, ids)
            add_removed(session, {f"{ROWS}{removal.table}": len(ids)})
    return len(ids)
