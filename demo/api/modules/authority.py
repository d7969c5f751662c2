"""Authority: names in their agreed forms."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Table, select

from demo.api.backend import Backend, TheBackend
from demo.storage.tables import authority_creators, authority_subjects

router = APIRouter(prefix="/authority", tags=["authority"])


@router.get("/subjects/suggest")
def suggest_subjects(backend: TheBackend, q: str = "") -> dict[str, Any]:
    """Subjects that begin like this."""
    return {"suggestions": _starting_with(backend, authority_subjects, q)}


@router.get("/creators/suggest")
def suggest_creators(backend: TheBackend, q: str = "") -> dict[str, Any]:
    """Creators who begin like this."""
    return {"suggestions": _starting_with(backend, authority_creators, q)}


def _starting_with(backend: Backend, table: Table, text: str) -> list[str]:
    query = select(table.c.canonical_form).where(table.c.canonical_form.ilike(f"{text}%"))
    with backend.engine.connect() as db:
        return list(db.scalars(query.order_by(table.c.usage_count.desc()).limit(10)))
