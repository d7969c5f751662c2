"""Add to the sums of what was removed, in the transaction of the removal."""

from collections.abc import Mapping

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ingestion_api.store.tables import RemovedTotal

ROWS = "rows:"  # before the name of a table
_ADD = text(
    "INSERT INTO removed_totals (name, value) VALUES (:name, :value) "
    "ON CONFLICT (name) DO UPDATE SET value = removed_totals.value + excluded.value"
)


def add_removed(session: Session, sums: Mapping[str, float]) -> None:
    """Add these; a sum of 0 leaves no row."""
    rows = [{"name": name, "value": value} for name, value in sorted(sums.items()) if value]
    if rows:
        session.execute(_ADD, rows)


def removed_totals(session: Session) -> dict[str, float]:
    """All sums by name."""
    return {row.name: row.value for row in session.execute(select(RemovedTotal.name, RemovedTotal.value))}
