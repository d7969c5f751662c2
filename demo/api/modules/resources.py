"""Resources: the texts of the library, from creation to deletion."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from demo.api.backend import TheBackend, get_row
from demo.api.ingestion import count_ingestion, record_resource
from demo.storage import tables
from demo.storage.engine import new_id, now
from demo.storage.tables import resource_row, resources

router = APIRouter(prefix="/resources", tags=["resources"])
SHOWN = (
    resources.c.id,
    resources.c.title,
    resources.c.creator,
    resources.c.ingestion_status,
    resources.c.version,
)
# What cannot exist without its resource.
DEPENDENTS = (
    tables.user_interactions, tables.recommendation_feedback, tables.annotations, tables.collection_resources,
    tables.document_chunks, tables.resource_taxonomy, tables.curation_reviews,
)  # fmt: skip


class NewResource(BaseModel):
    """A resource to take in."""

    title: str = Field(min_length=1, max_length=300)
    description: str = ""
    topic: str | None = None


class Change(BaseModel):
    """New values for a resource."""

    title: str | None = None
    description: str | None = None


class NewNote(BaseModel):
    """A passage and what a reader thinks of it."""

    start_offset: int = Field(ge=0)
    end_offset: int = Field(ge=0)
    highlighted_text: str = Field(min_length=1)
    note: str | None = None


@router.get("")
def list_resources(backend: TheBackend, limit: int = 25, offset: int = 0) -> dict[str, Any]:
    """The newest resources."""
    query = select(*SHOWN).order_by(resources.c.created_at.desc()).limit(min(limit, 100)).offset(offset)
    with backend.engine.connect() as db:
        rows = db.execute(query).mappings().all()
    return {"items": [dict(row) for row in rows], "count": len(rows)}


@router.post("", status_code=202)
def create(new: NewResource, backend: TheBackend) -> dict[str, str]:
    """Take in a resource; its workers' tasks follow."""
    row = resource_row(new_id(), new.title, new.description, new.topic, now())
    with count_ingestion():
        with backend.engine.begin() as db:
            db.execute(resources.insert().values(row))
        record_resource(backend, row["source"], "pending")
        backend.bus.emit("ingestion.started", {"resource_id": row["id"], "started_at": now().isoformat()})
        done = {"ingestion_status": "completed", "ingestion_completed_at": now()}
        with backend.engine.begin() as db:
            db.execute(resources.update().where(resources.c.id == row["id"]).values(**done))
        record_resource(backend, row["source"], "completed")
    backend.bus.emit(
        "resource.created", {"resource_id": row["id"], "title": new.title, "source": row["source"]}
    )
    backend.bus.emit("ingestion.completed", {"resource_id": row["id"]})
    return {"id": row["id"], "status": "completed"}


@router.get("/{resource_id}")
def read(resource_id: str, backend: TheBackend) -> dict[str, Any]:
    """One resource, from the cache where it is there."""
    found = backend.cache.get(f"resource:{resource_id}")
    if found is not None:
        return dict(found)
    with backend.engine.connect() as db:
        row = get_row(db, resources, resource_id)
    short = {key: row[key] for key in ("id", "title", "description", "creator", "quality_score", "version")}
    backend.cache.put(f"resource:{resource_id}", short, 600)
    return short


@router.get("/{resource_id}/status")
def status(resource_id: str, backend: TheBackend) -> dict[str, Any]:
    """How far the ingestion of a resource is."""
    with backend.engine.connect() as db:
        row = get_row(db, resources, resource_id)
    return {key: row[key] for key in ("id", "ingestion_status", "ingestion_error", "ingestion_completed_at")}


@router.put("/{resource_id}")
def update(resource_id: str, change: Change, backend: TheBackend) -> dict[str, Any]:
    """Change a resource."""
    fresh = change.model_dump(exclude_none=True)
    with backend.engine.begin() as db:
        row = get_row(db, resources, resource_id)
        version = row["version"] + 1
        db.execute(
            resources.update()
            .where(resources.c.id == resource_id)
            .values(**fresh, version=version, updated_at=now())
        )
    changed = {"resource_id": resource_id, "changed_fields": sorted(fresh)}
    backend.bus.emit("resource.updated", changed)
    backend.bus.emit(
        "resource.content_changed" if change.description else "resource.metadata_changed", changed
    )
    return {"id": resource_id, "version": version}


@router.delete("/{resource_id}", status_code=204)
def delete(resource_id: str, backend: TheBackend) -> Response:
    """Remove a resource and what depends on it."""
    with backend.engine.begin() as db:
        row = get_row(db, resources, resource_id)
        for table in DEPENDENTS:
            db.execute(table.delete().where(table.c.resource_id == resource_id))
        edge, cited = tables.graph_edges, tables.citations
        db.execute(edge.delete().where((edge.c.source_id == resource_id) | (edge.c.target_id == resource_id)))
        mine = (cited.c.source_resource_id == resource_id) | (cited.c.target_resource_id == resource_id)
        db.execute(cited.delete().where(mine))
        db.execute(resources.delete().where(resources.c.id == resource_id))
    backend.bus.emit("resource.deleted", {"resource_id": resource_id, "title": row["title"]}, "HIGH")
    return Response(status_code=204)


@router.post("/{resource_id}/annotations", status_code=201)
def annotate(resource_id: str, note: NewNote, backend: TheBackend) -> dict[str, str]:
    """Highlight a passage."""
    row = {
        "id": new_id(), "resource_id": resource_id, "user_id": "test-user", **note.model_dump(),
        "color": "#ffcc00", "is_shared": 0, "created_at": now(), "updated_at": now(),
    }  # fmt: skip
    with backend.engine.begin() as db:
        get_row(db, resources, resource_id)
        db.execute(tables.annotations.insert().values(row))
    told = {
        "annotation_id": row["id"],
        "resource_id": resource_id,
        "user_id": "test-user",
        "has_note": bool(note.note),
    }
    backend.bus.emit("annotation.created", told)
    return {"id": str(row["id"])}


@router.get("/{resource_id}/chunks")
def chunks(resource_id: str, backend: TheBackend) -> dict[str, Any]:
    """The parts a text was cut into."""
    table = tables.document_chunks
    query = select(table.c.chunk_index, table.c.content).where(table.c.resource_id == resource_id)
    with backend.engine.connect() as db:
        rows = db.execute(query.order_by(table.c.chunk_index)).mappings().all()
    return {"chunks": [dict(row) for row in rows]}


@router.post("/{resource_id}/chunks", status_code=202)
def cut(resource_id: str, backend: TheBackend) -> dict[str, str]:
    """Have a text cut into chunks by a worker."""
    backend.queue.send("chunk_resource_task", resource_id)
    return {"status": "queued", "id": resource_id}
