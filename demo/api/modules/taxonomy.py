"""Taxonomy: the tree of categories, and the classifier that puts resources into it."""

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import Connection, select

from demo.api.backend import TheBackend, get_row
from demo.storage.engine import new_id, now
from demo.storage.tables import resource_taxonomy, resources, taxonomy_nodes

router = APIRouter(prefix="/taxonomy", tags=["taxonomy"])


class NewCategory(BaseModel):
    """A node to add to the tree."""

    name: str = Field(min_length=1, max_length=255)
    parent_id: str | None = None


@router.get("/categories")
def categories(backend: TheBackend, limit: int = 100) -> dict[str, Any]:
    """The categories of the tree."""
    query = select(taxonomy_nodes.c.id, taxonomy_nodes.c.name, taxonomy_nodes.c.parent_id)
    with backend.engine.connect() as db:
        rows = db.execute(query.order_by(taxonomy_nodes.c.level).limit(min(limit, 500))).mappings().all()
    return {"items": [dict(row) for row in rows]}


@router.post("/categories")
def create(new: NewCategory, backend: TheBackend) -> dict[str, str]:
    """Add a category."""
    row = {
        "id": new_id(), "name": new.name, "slug": new.name.lower().replace(" ", "-"),
        "parent_id": new.parent_id, "level": int(new.parent_id is not None), "resource_count": 0,
        "created_at": now(), "updated_at": now(),
    }  # fmt: skip
    with backend.engine.begin() as db:
        if new.parent_id is not None:
            get_row(db, taxonomy_nodes, new.parent_id)
        db.execute(taxonomy_nodes.insert().values(row))
    told = {"category_id": row["id"], "name": new.name, "parent_id": new.parent_id}
    backend.bus.emit("category.created", told)
    return {"id": str(row["id"])}


@router.post("/classify/{resource_id}")
def classify(resource_id: str, backend: TheBackend) -> dict[str, Any]:
    """Put a resource where the classifier says; 422 if it has no words, 503 without the model."""
    with backend.engine.connect() as db:
        text = str(get_row(db, resources, resource_id)["description"] or "")
    try:
        topic, confidence = backend.models.classify(text)
    except ValueError as error:
        raise HTTPException(422, f"Resource {resource_id} cannot be classified: {error}") from error
    with backend.engine.begin() as db:
        _place(db, resource_id, topic, confidence)
    backend.bus.emit("resource.classified", {"resource_id": resource_id, "classification_code": topic})
    return {"resource_id": resource_id, "category": topic, "confidence": confidence}


def _place(db: Connection, resource_id: str, topic: str, confidence: float) -> None:
    node = db.scalar(select(taxonomy_nodes.c.id).where(taxonomy_nodes.c.name == topic).limit(1))
    if node is None:
        return
    db.execute(resource_taxonomy.delete().where(resource_taxonomy.c.resource_id == resource_id))
    row = {
        "id": new_id(), "resource_id": resource_id, "taxonomy_node_id": node, "confidence": confidence,
        "is_predicted": 1, "predicted_by": "classifier", "needs_review": int(confidence < 0.6),
        "created_at": now(), "updated_at": now(),
    }  # fmt: skip
    db.execute(resource_taxonomy.insert().values(row))
