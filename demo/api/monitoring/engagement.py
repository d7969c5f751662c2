"""What readers did, and what recommendations were worth, counted in SQL."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, distinct, func, select

from demo.api.loaded_models import LoadedModels, ModelUnavailable
from demo.storage.engine import now
from demo.storage.tables import recommendation_feedback, user_interactions, user_profiles, users

TOP = 10


def user_engagement(engine: Engine, days: int) -> dict[str, Any]:
    """Users and their interactions of the last days."""
    table = user_interactions.c
    recent = table.interaction_timestamp >= now() - timedelta(days=days)
    with engine.connect() as db:
        by_type = (
            db.execute(
                select(table.interaction_type, func.count()).where(recent).group_by(table.interaction_type)
            )
            .tuples()
            .all()
        )
        positive = db.scalar(select(func.count()).where(recent, table.is_positive == 1)) or 0
        total = sum(count for _, count in by_type)
        return {
            "total_users": db.scalar(select(func.count()).select_from(users)),
            "active_users": db.scalar(select(func.count(distinct(table.user_id))).where(recent)),
            "total_interactions": total,
            "positive_interactions": positive,
            "positive_rate": round(positive / total, 4) if total else 0.0,
            "interactions_by_type": dict(by_type),
            "avg_session_duration_seconds": db.scalar(select(func.avg(user_profiles.c.avg_session_duration)))
            or 0.0,
        }


def recommendation_quality(engine: Engine, models: LoadedModels, days: int) -> dict[str, Any]:
    """Impressions, clicks and usefulness by strategy, and how well the model foresees what readers like."""
    table = recommendation_feedback.c
    with engine.connect() as db:
        rows = db.execute(
            select(table.context).where(table.created_at >= now() - timedelta(days=days))
        ).scalars()
        contexts = [dict(row) for row in rows if row]
        liked = _liked(db, days)
    by_strategy: dict[str, list[dict[str, Any]]] = {}
    for context in contexts:
        by_strategy.setdefault(str(context.get("recommendation_strategy", "unknown")), []).append(context)
    strategies = {name: _outcome(found) for name, found in sorted(by_strategy.items())}
    return {**_outcome(contexts), "by_strategy": strategies, **_foresight(models, liked)}


def _outcome(contexts: list[dict[str, Any]]) -> dict[str, Any]:
    clicks = sum(bool(context.get("was_clicked")) for context in contexts)
    useful = sum(bool(context.get("was_useful")) for context in contexts)
    # Each recommendation has a row when shown and, if followed, one more.
    shown = max(len(contexts) - clicks, clicks)
    return {
        "impressions": shown, "clicks": clicks, "click_through_rate": round(clicks / shown,
        4) if shown else None, "useful": useful, "user_satisfaction": round(useful / clicks,
        4) if clicks else None,
    }  # fmt: skip


def _liked(db: Connection, days: int) -> dict[str, set[str]]:
    table = user_interactions.c
    recent = table.interaction_timestamp >= now() - timedelta(days=days)
    liked: dict[str, set[str]] = {}
    for user, item in db.execute(
        select(table.user_id, table.resource_id).where(recent, table.is_positive == 1)
    ):
        liked.setdefault(user, set()).add(item)
    return liked


def _foresight(models: LoadedModels, liked: dict[str, set[str]]) -> dict[str, Any]:
    try:
        factors = models.factors()
    except ModelUnavailable:
        return {"precision_at_10": None, "recall_at_10": None, "evaluated_at": None}
    hits = found = wanted = 0
    for user, items in liked.items():
        best = {item for item, _ in factors.recommend(user, TOP)}
        hits, found, wanted = hits + len(best & items), found + len(best), wanted + len(items)
    return {
        "precision_at_10": round(hits / found, 4) if found else None,
        "recall_at_10": round(hits / wanted, 4) if wanted else None,
        "evaluated_at": now().isoformat(),
    }
