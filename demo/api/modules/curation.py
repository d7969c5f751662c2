"""Curation: what waits for a curator, and what curators decided."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select

from demo.api.backend import TheBackend, get_row
from demo.storage.engine import new_id, now
from demo.storage.tables import curation_reviews, resources

router = APIRouter(prefix="/curation", tags=["curation"])
OUTCOMES = {"approve": "approved", "reject": "rejected", "flag": "flagged"}


class Review(BaseModel):
    """A curator's decision."""

    resource_id: str
    action: Literal["approve", "reject", "flag"]
    curator: str = "ada"
    comment: str | None = None


@router.get("/review-queue")
def review_queue(backend: TheBackend, limit: int = 25) -> dict[str, Any]:
    """The resources of lowest quality that nobody looked at yet."""
    table = resources.c
    query = select(table.id, table.title, table.quality_score).where(table.curation_status == "pending")
    with backend.engine.connect() as db:
        rows = db.execute(query.order_by(table.quality_score).limit(min(limit, 100))).mappings().all()
    return {"items": [dict(row) for row in rows]}


@router.post("/review", status_code=201)
def review(decision: Review, backend: TheBackend) -> dict[str, str]:
    """Record a decision."""
    row = {"id": new_id(), **decision.model_dump(), "created_at": now()}
    with backend.engine.begin() as db:
        get_row(db, resources, decision.resource_id)
        db.execute(curation_reviews.insert().values(row))
        reviewed = resources.c.id == decision.resource_id
        db.execute(resources.update().where(reviewed).values(curation_status=OUTCOMES[decision.action]))
    name = "curation.approved" if decision.action == "approve" else "curation.reviewed"
    backend.bus.emit(name, {"resource_id": decision.resource_id, "curator": decision.curator})
    return {"id": str(row["id"])}
