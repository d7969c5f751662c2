"""Search by words, by the weights of sparse vectors, and by both."""

import hashlib
import json
import time
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from demo.api.backend import Backend, TheBackend
from demo.sparse_encoders import encode_bm25
from demo.storage.tables import resources

router = APIRouter(prefix="/search", tags=["search"])


class Query(BaseModel):
    """What is looked for."""

    text: str = Field(min_length=1, max_length=400)
    limit: int = Field(10, ge=1, le=50)


@router.post("")
def search(query: Query, backend: TheBackend) -> dict[str, Any]:
    """Resources with the words in their title or text."""
    key = f"search_query:{hashlib.sha256(query.model_dump_json().encode()).hexdigest()[:16]}"
    found = backend.cache.get(key)
    if found is None:
        with backend.timings.timed("demo.api.modules.search.by_words"):
            found = by_words(backend, query)
        backend.cache.put(key, found, 300)
    backend.bus.emit("search.executed", {"query": query.text, "results": len(found)}, "LOW")
    return {"items": found, "count": len(found)}


@router.get("/three-way-hybrid")
def hybrid(backend: TheBackend, query: str, limit: int = 10) -> dict[str, Any]:
    """Words and weights together, best first."""
    start, asked = time.perf_counter(), Query(text=query, limit=limit)
    with backend.timings.timed("demo.api.modules.search.by_weights"):
        weighed = by_weights(backend, asked)
    known = {row["id"] for row in weighed}
    items = weighed + [row for row in by_words(backend, asked) if row["id"] not in known]
    backend.bus.emit("search.executed", {"query": query, "results": len(items)}, "LOW")
    return {"items": items[:limit], "latency_ms": (time.perf_counter() - start) * 1000}


def by_words(backend: Backend, query: Query) -> list[dict[str, Any]]:
    """Resources that contain the text."""
    like = f"%{query.text}%"
    matching = resources.c.title.ilike(like) | resources.c.description.ilike(like)
    with backend.engine.connect() as db:
        rows = db.execute(select(resources.c.id, resources.c.title).where(matching).limit(query.limit))
        return [dict(row) for row in rows.mappings()]


def by_weights(backend: Backend, query: Query) -> list[dict[str, Any]]:
    """Resources whose sparse vector has the largest product with the query's."""
    wanted: dict[str, float] = json.loads(encode_bm25(query.text))
    table = resources.c
    with backend.engine.connect() as db:
        rows = db.execute(
            select(table.id, table.title, table.sparse_embedding)
            .where(table.sparse_embedding.is_not(None))
            .limit(500)
        ).all()
    scored = [(_product(wanted, json.loads(row.sparse_embedding)), row) for row in rows]
    best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])[: query.limit]
    return [{"id": row.id, "title": row.title, "score": round(score, 4)} for score, row in best]


def _product(left: dict[str, float], right: dict[str, float]) -> float:
    return sum(weight * right.get(token, 0.0) for token, weight in left.items())
