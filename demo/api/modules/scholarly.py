"""Scholarly: authors, identifiers and citations of resources."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select

from demo.api.backend import TheBackend, get_row
from demo.storage.tables import citations, resources

router = APIRouter(prefix="/scholarly", tags=["scholarly"])


@router.get("/resources/{resource_id}/metadata")
def metadata(resource_id: str, backend: TheBackend) -> dict[str, Any]:
    """What is known of a resource's origin."""
    with backend.engine.connect() as db:
        row = get_row(db, resources, resource_id)
    known = ("id", "creator", "doi", "journal", "publication_year", "metadata_completeness_score")
    return {key: row[key] for key in known}


@router.post("/resources/{resource_id}/metadata/extract", status_code=202)
def extract(resource_id: str, backend: TheBackend) -> dict[str, str]:
    """Have the metadata read by a worker."""
    with backend.engine.connect() as db:
        get_row(db, resources, resource_id)
    backend.queue.send("extract_scholarly_metadata_task", resource_id)
    backend.bus.emit("metadata.extracted", {"resource_id": resource_id}, "LOW")
    return {"status": "queued", "id": resource_id}


@router.get("/citations/most-cited")
def most_cited(backend: TheBackend, limit: int = 10) -> dict[str, Any]:
    """The resources that others cite most."""
    count = func.count().label("citations")
    query = select(citations.c.target_resource_id, count).group_by(citations.c.target_resource_id)
    with backend.engine.connect() as db:
        rows = db.execute(query.order_by(count.desc()).limit(min(limit, 50))).mappings().all()
    return {"items": [dict(row) for row in rows]}
