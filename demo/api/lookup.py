"""Finds one row by its id, or answers 404."""

from typing import Any

from fastapi import HTTPException
from sqlalchemy import Connection, Table, select


def one_of(db: Connection, table: Table, key: str) -> dict[str, Any]:
    """The row with this id; raises 404 naming the table if there is none."""
    found = db.execute(select(table).where(table.c.id == key)).mappings().first()
    if found is None:
        raise HTTPException(404, f"No row with id {key[:40]} in {table.name}")
    return dict(found)
