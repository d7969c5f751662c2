"""Graph: which resources belong together."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select

from demo.api.backend import TheBackend, get_row
from demo.storage.tables import citations, graph_edges, resources

router = APIRouter(prefix="/graph", tags=["graph"])


@router.get("/overview")
def overview(backend: TheBackend) -> dict[str, Any]:
    """How many links of each kind there are."""
    query = select(graph_edges.c.edge_type, func.count()).group_by(graph_edges.c.edge_type)
    with backend.engine.connect() as db:
        return {"edges": dict(db.execute(query).tuples().all())}


@router.get("/resource/{resource_id}/neighbors")
def neighbors(resource_id: str, backend: TheBackend) -> dict[str, Any]:
    """The resources linked to one, strongest first."""
    table = graph_edges.c
    query = select(table.target_id, table.edge_type, table.weight).where(table.source_id == resource_id)
    with backend.engine.connect() as db:
        get_row(db, resources, resource_id)
        rows = db.execute(query.order_by(table.weight.desc()).limit(20)).mappings().all()
    return {"neighbors": [dict(row) for row in rows]}


@router.post("/resources/{resource_id}/extract-citations")
def extract_citations(resource_id: str, backend: TheBackend) -> dict[str, Any]:
    """Read the citations of a resource; a worker weighs them."""
    query = select(citations.c.target_resource_id).where(citations.c.source_resource_id == resource_id)
    with backend.engine.connect() as db:
        get_row(db, resources, resource_id)
        found = list(db.scalars(query))
    backend.bus.emit(
        "citation.extracted", {"resource_id": resource_id, "citations": found, "count": len(found)}
    )
    return {"status": "completed", "count": len(found)}
