"""Collections: shelves that readers put resources on."""

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select

from demo.api.backend import TheBackend, get_row
from demo.storage.engine import new_id, now
from demo.storage.tables import collection_resources, collections, resources

router = APIRouter(prefix="/collections", tags=["collections"])


class NewCollection(BaseModel):
    """A shelf to put up."""

    name: str = Field(min_length=1, max_length=255)
    owner_id: str = "test-user"
    description: str | None = None


class Addition(BaseModel):
    """A resource to put on a shelf."""

    resource_id: str


@router.get("")
def list_collections(backend: TheBackend, limit: int = 25) -> dict[str, Any]:
    """The newest collections."""
    query = select(collections.c.id, collections.c.name, collections.c.owner_id)
    with backend.engine.connect() as db:
        rows = (
            db.execute(query.order_by(collections.c.created_at.desc()).limit(min(limit, 100)))
            .mappings()
            .all()
        )
    return {"items": [dict(row) for row in rows]}


@router.post("", status_code=201)
def create(new: NewCollection, backend: TheBackend) -> dict[str, str]:
    """Put up a shelf."""
    row = {
        "id": new_id(),
        **new.model_dump(),
        "visibility": "private",
        "created_at": now(),
        "updated_at": now(),
    }
    with backend.engine.begin() as db:
        db.execute(collections.insert().values(row))
    return {"id": str(row["id"])}


@router.get("/{collection_id}")
def read(collection_id: str, backend: TheBackend) -> dict[str, Any]:
    """A shelf and what is on it."""
    link = collection_resources
    query = select(resources.c.id, resources.c.title).join(link, link.c.resource_id == resources.c.id)
    with backend.engine.connect() as db:
        shelf = get_row(db, collections, collection_id)
        rows = db.execute(query.where(link.c.collection_id == collection_id)).mappings().all()
    return {"id": collection_id, "name": shelf["name"], "resources": [dict(row) for row in rows]}


@router.post("/{collection_id}/resources", status_code=201)
def add(collection_id: str, addition: Addition, backend: TheBackend) -> dict[str, str]:
    """Put a resource on a shelf."""
    link = {"collection_id": collection_id, "resource_id": addition.resource_id}
    with backend.engine.begin() as db:
        get_row(db, collections, collection_id)
        get_row(db, resources, addition.resource_id)
        if db.execute(select(collection_resources).filter_by(**link)).first():
            raise HTTPException(409, "The resource is in the collection already")
        db.execute(collection_resources.insert().values(**link, added_at=now()))
    backend.bus.emit("collection.resource_added", link)
    return link
