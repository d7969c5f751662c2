"""Annotations: passages that readers highlighted."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import select

from demo.api.backend import TheBackend, get_row
from demo.storage.engine import now
from demo.storage.tables import annotations

router = APIRouter(prefix="/annotations", tags=["annotations"])


class NoteUpdate(BaseModel):
    """What a reader now thinks of a passage."""

    note: str


@router.get("")
def list_annotations(backend: TheBackend, limit: int = 25) -> dict[str, Any]:
    """The newest annotations."""
    query = select(annotations.c.id, annotations.c.resource_id, annotations.c.note)
    with backend.engine.connect() as db:
        rows = (
            db.execute(query.order_by(annotations.c.created_at.desc()).limit(min(limit, 100)))
            .mappings()
            .all()
        )
    return {"items": [dict(row) for row in rows]}


@router.put("/{annotation_id}")
def update(annotation_id: str, text: NoteUpdate, backend: TheBackend) -> dict[str, str]:
    """Change a note."""
    with backend.engine.begin() as db:
        row = get_row(db, annotations, annotation_id)
        mine = annotations.c.id == annotation_id
        db.execute(annotations.update().where(mine).values(note=text.note, updated_at=now()))
    backend.bus.emit(
        "annotation.updated", {"annotation_id": annotation_id, "resource_id": row["resource_id"]}
    )
    return {"id": annotation_id}


@router.delete("/{annotation_id}", status_code=204)
def delete(annotation_id: str, backend: TheBackend) -> Response:
    """Remove a note."""
    with backend.engine.begin() as db:
        get_row(db, annotations, annotation_id)
        db.execute(annotations.delete().where(annotations.c.id == annotation_id))
    backend.bus.emit("annotation.deleted", {"annotation_id": annotation_id})
    return Response(status_code=204)
