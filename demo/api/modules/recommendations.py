"""Recommendations: what a reader might like, and what came of it."""

import hashlib
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import Connection, select

from demo.api.backend import Backend, TheBackend, get_row
from demo.storage.engine import new_id, now
from demo.storage.sample_data import STRATEGIES
from demo.storage.tables import recommendation_feedback, resources, user_interactions, users

router = APIRouter(prefix="/recommendations", tags=["recommendations"])


class Interaction(BaseModel):
    """Something a reader did."""

    user_id: str
    resource_id: str
    interaction_type: Literal["view", "annotation", "collection_add", "export", "rating"]
    interaction_strength: float = Field(ge=0, le=1)
    dwell_time: int | None = None


class Feedback(BaseModel):
    """What a reader made of a recommendation."""

    user_id: str
    resource_id: str
    recommendation_strategy: str = "collaborative"
    was_clicked: bool = True
    was_useful: bool = False


@router.get("")
def recommend(backend: TheBackend, user_id: str, limit: int = 5) -> dict[str, Any]:
    """The best items for a reader by that reader's strategy; each one shown is an impression."""
    strategy = strategy_of(user_id)
    with backend.timings.timed(f"demo.api.modules.recommendations.{strategy}"):
        items = _chosen(backend, strategy, user_id, min(limit, 20))
    with backend.engine.begin() as db:
        get_row(db, users, user_id)
        known = set(db.scalars(select(resources.c.id).where(resources.c.id.in_(items))))
        shown = [
            _feedback_row(user_id, item, strategy, clicked=False, useful=False)
            for item in items
            if item in known
        ]
        if shown:
            db.execute(recommendation_feedback.insert(), shown)
    return {"strategy": strategy, "items": [row["resource_id"] for row in shown]}


@router.post("/interactions", status_code=201)
def track(done: Interaction, backend: TheBackend) -> dict[str, Any]:
    """Record what a reader did; a repeat counts as a return visit."""
    with backend.engine.begin() as db:
        get_row(db, users, done.user_id)
        get_row(db, resources, done.resource_id)
        visits = _record(db, done)
    told = {"user_id": done.user_id, "resource_id": done.resource_id,
    "interaction_type": done.interaction_type,
            "interaction_strength": done.interaction_strength}  # fmt: skip
    backend.bus.emit("user.interaction_tracked", told, "LOW")
    return {"status": "recorded", "return_visits": visits}


@router.post("/feedback", status_code=201)
def feedback(given: Feedback, backend: TheBackend) -> dict[str, str]:
    """Record whether a recommendation was followed and useful."""
    row = _feedback_row(
        given.user_id, given.resource_id, given.recommendation_strategy, given.was_clicked, given.was_useful
    )
    with backend.engine.begin() as db:
        get_row(db, users, given.user_id)
        get_row(db, resources, given.resource_id)
        db.execute(recommendation_feedback.insert().values(row))
    return {"id": str(row["id"])}


def strategy_of(user_id: str) -> str:
    """Each reader belongs to one strategy for good, as in a fair comparison."""
    return STRATEGIES[hashlib.sha256(user_id.encode()).digest()[0] % len(STRATEGIES)]


def _chosen(backend: Backend, strategy: str, user_id: str, limit: int) -> list[str]:
    if strategy in ("collaborative", "hybrid"):
        return [item for item, _ in backend.models.recommend(user_id, limit)]
    order = resources.c.quality_score.desc() if strategy == "content" else resources.c.created_at.desc()
    with backend.engine.connect() as db:
        return list(db.scalars(select(resources.c.id).order_by(order).limit(limit)))


def _record(db: Connection, done: Interaction) -> int:
    table = user_interactions
    same = (
        (table.c.user_id == done.user_id)
        & (table.c.resource_id == done.resource_id)
        & (table.c.interaction_type == done.interaction_type)
    )
    found = db.execute(select(table.c.id, table.c.return_visits).where(same).limit(1)).first()
    if found is not None:
        fresh = {
            "return_visits": found.return_visits + 1,
            "interaction_timestamp": now(),
            "updated_at": now(),
        }
        db.execute(table.update().where(table.c.id == found.id).values(**fresh))
        return int(found.return_visits) + 1
    row = {
        "id": new_id(), **done.model_dump(), "annotation_count": 0, "return_visits": 0, "confidence": 0.8,
        "is_positive": int(done.interaction_strength > 0.4), "interaction_timestamp": now(),
        "created_at": now(), "updated_at": now(),
    }  # fmt: skip
    db.execute(table.insert().values(row))
    return 0


def _feedback_row(user: str, resource: str, strategy: str, clicked: bool, useful: bool) -> dict[str, Any]:
    return {
        "id": new_id(), "user_id": user, "resource_id": resource,
        "feedback_type": "click" if clicked else "view", "feedback_value": 1.0 if useful else 0.5 * clicked,
        "created_at": now(), "context": {"recommendation_strategy": strategy, "was_clicked": clicked,
        "was_useful": useful},
    }  # fmt: skip
