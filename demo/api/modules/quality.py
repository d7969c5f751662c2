"""Quality: how good the resources are, and which stand out."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import func, select

from demo.api.backend import TheBackend, get_row
from demo.storage.tables import resources

router = APIRouter(prefix="/quality", tags=["quality"])


class Recalculation(BaseModel):
    """Resources whose quality is computed anew."""

    resource_ids: list[str]


@router.get("/distribution")
def distribution(backend: TheBackend) -> dict[str, Any]:
    """How many resources lie in each tenth of the scale."""
    with backend.engine.connect() as db:
        scores = db.scalars(
            select(resources.c.quality_overall).where(resources.c.quality_overall.is_not(None))
        ).all()
    counts = [0] * 10
    for score in scores:
        counts[min(int(float(score) * 10), 9)] += 1
    return {"distribution": counts, "total": len(scores)}


@router.get("/outliers")
def outliers(backend: TheBackend) -> dict[str, Any]:
    """Resources that stand out."""
    query = select(resources.c.id, resources.c.title).where(resources.c.is_quality_outlier)
    with backend.engine.connect() as db:
        return {"items": [dict(row) for row in db.execute(query.limit(50)).mappings()]}


@router.get("/dimensions")
def dimensions(backend: TheBackend) -> dict[str, Any]:
    """The average of each dimension."""
    table = resources.c
    query = select(func.avg(table.quality_completeness), func.avg(table.quality_consistency))
    with backend.engine.connect() as db:
        completeness, consistency = db.execute(query).one()
    return {"completeness": completeness, "consistency": consistency}


@router.get("/resources/{resource_id}")
def one(resource_id: str, backend: TheBackend) -> dict[str, Any]:
    """The quality of one resource, from the cache where it is there."""
    found = backend.cache.get(f"quality:{resource_id}")
    if found is None:
        with backend.engine.connect() as db:
            row = get_row(db, resources, resource_id)
        found = {
            "id": resource_id,
            "quality_score": row["quality_score"],
            "quality_overall": row["quality_overall"],
        }
        backend.cache.put(f"quality:{resource_id}", found, 1800)
    return dict(found)


@router.post("/recalculate", status_code=202)
def recalculate(wanted: Recalculation, backend: TheBackend) -> dict[str, Any]:
    """Have the quality of resources computed by a worker."""
    backend.queue.send("batch_process_resources_task", wanted.resource_ids)
    return {"status": "queued", "resources": len(wanted.resource_ids)}
