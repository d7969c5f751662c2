"""The work of the tasks, on the same tables as the API."""

import json
import time
from functools import cached_property
from typing import Any

import numpy as np
import redis
from sqlalchemy import Engine, Row, func, select

from demo import sparse_encoders
from demo.edge_worker import record_submission
from demo.faults.state import FaultFile
from demo.models import load_classifier
from demo.settings import Settings
from demo.storage import tables
from demo.storage.engine import new_id, now, open_single
from demo.storage.prepare import train_topics
from demo.storage.tables import dense_embedding, resources

FloodMessage = dict[str, Any]


class EmptyResource(ValueError):
    """A resource has no text to work on."""


class WorkerContext:
    """A worker's settings, database, cache and the faults in force."""

    def __init__(self, settings: Settings, faults: FaultFile) -> None:
        self.settings = settings
        self.faults = faults

    @cached_property
    def engine(self) -> Engine:
        """The engine, opened in each pool child, never shared through a fork."""
        return open_single(self.settings.database_address)

    @cached_property
    def cache(self) -> "redis.Redis":
        """The cache of the API."""
        return redis.Redis.from_url(self.settings.cache_url, socket_timeout=2, socket_connect_timeout=1)

    def resource(self, key: str) -> Row[Any]:
        """One resource; raises LookupError if it was deleted meanwhile."""
        with self.engine.connect() as db:
            found = db.execute(select(resources).where(resources.c.id == key)).first()
        if found is None:
            raise LookupError(f"resource {key} does not exist")
        return found

    def text_of(self, key: str) -> str:
        """The text of a resource; raises EmptyResource if there is none."""
        row = self.resource(key)
        if not row.description:
            raise EmptyResource(f"resource {key} has no text")
        return f"{row.title} {row.description}"

    def change(self, key: str, **values: Any) -> None:
        """Write columns of one resource."""
        with self.engine.begin() as db:
            db.execute(resources.update().where(resources.c.id == key).values(**values))


def regenerate_embedding(context: WorkerContext, key: str) -> str:
    """Recompute the dense embedding."""
    context.change(key, embedding=dense_embedding(context.text_of(key)), updated_at=now())
    return key


def recompute_quality(context: WorkerContext, key: str) -> float:
    """Score a resource by the length and variety of its text."""
    found = sparse_encoders.tokenize(context.text_of(key))
    variety, length = len(set(found)) / len(found), min(len(found) / 60, 1.0)
    score = round(0.5 * variety + 0.5 * length, 4)
    fresh = {"quality_completeness": length, "quality_consistency": variety, "quality_overall": score}
    context.change(key, **fresh, quality_last_computed=now(), is_quality_outlier=score < 0.3)
    return score


def update_search_index(context: WorkerContext, key: str) -> int:
    """Write the searchable words of a resource."""
    row = context.resource(key)
    found = sorted(set(sparse_encoders.tokenize(f"{row.title} {row.description or ''}")))
    context.change(key, search_vector=" ".join(found))
    return len(found)


def update_graph_edges(context: WorkerContext, key: str) -> int:
    """Link a resource to the three whose embeddings are nearest."""
    mine = dense_embedding(context.text_of(key))
    with context.engine.connect() as db:
        rows = db.execute(
            select(resources.c.id, resources.c.embedding)
            .where(resources.c.embedding.is_not(None), resources.c.id != key)
            .limit(300)
        ).all()
    vectors = np.array([json.loads(row.embedding) for row in rows])
    likeness = vectors @ np.array(json.loads(mine or "[]"))
    nearest = [(rows[place].id, float(likeness[place])) for place in np.argsort(likeness)[::-1][:3]]
    table = tables.graph_edges
    with context.engine.begin() as db:
        db.execute(table.delete().where(table.c.source_id == key, table.c.edge_type == "similar"))
        links = [{"id": new_id(), "source_id": key, "target_id": other, "edge_type": "similar",
        "weight": weight,
                  "created_at": now()} for other, weight in nearest]  # fmt: skip
        db.execute(table.insert(), links)
    return len(nearest)


def classify_resource(context: WorkerContext, key: str) -> str:
    """Give a resource the topic that the classifier sees in it."""
    topic, confidence = load_classifier(context.settings.models).classify(context.text_of(key))
    context.change(key, classification_code=topic, extraction_confidence=confidence)
    return topic


def invalidate_cache(context: WorkerContext, key: str) -> int:
    """Delete a resource from the cache."""
    return int(str(context.cache.delete(f"resource:{key}", f"quality:{key}", f"embedding:{key}")))


def refresh_profile(context: WorkerContext, user: str) -> int:
    """Count a user's interactions into the profile."""
    mine, profile = tables.user_interactions, tables.user_profiles
    with context.engine.begin() as db:
        total = db.scalar(select(func.count()).select_from(mine).where(mine.c.user_id == user)) or 0
        fresh = {"total_interactions": total, "last_active_at": now(), "updated_at": now()}
        db.execute(profile.update().where(profile.c.user_id == user).values(**fresh))
    return total


def normalize_authors(context: WorkerContext, key: str) -> str:
    """Bring a resource's creator into the agreed form."""
    name = " ".join(part.capitalize() for part in str(context.resource(key).creator or "").split())
    context.change(key, creator=name)
    return name


def chunk_resource(context: WorkerContext, key: str) -> int:
    """Cut a text into chunks of twenty words."""
    found = context.text_of(key).split()
    parts = [" ".join(found[start : start + 20]) for start in range(0, len(found), 20)]
    table = tables.document_chunks
    with context.engine.begin() as db:
        db.execute(table.delete().where(table.c.resource_id == key))
        db.execute(table.insert(), [
            {"id": new_id(), "resource_id": key, "content": part, "chunk_index": place, "created_at": now()}
            for place, part in enumerate(parts)
        ])  # fmt: skip
    return len(parts)


def score_citations(context: WorkerContext, key: str) -> int:
    """Give each citation of a resource its share of the importance."""
    table = tables.citations
    with context.engine.begin() as db:
        mine = table.c.source_resource_id == key
        total = db.scalar(select(func.count()).select_from(table).where(mine)) or 0
        if total:
            db.execute(table.update().where(mine).values(importance_score=1 / total))
    return total


def score_metadata(context: WorkerContext, key: str) -> float:
    """Score how complete the metadata of a resource are."""
    row = context.resource(key)
    share = sum(bool(value) for value in row) / len(row)
    context.change(key, metadata_completeness_score=round(share, 3))
    return share


def find_outliers(context: WorkerContext, *_: str) -> int:
    """Mark resources whose quality lies three deviations off."""
    with context.engine.connect() as db:
        rows = db.execute(select(resources.c.id, resources.c.quality_score)).all()
    scores = np.array([row.quality_score for row in rows])
    far = np.abs(scores - scores.mean()) > 3 * (scores.std() or 1)
    marked = [row.id for row, strange in zip(rows, far, strict=True) if strange]
    with context.engine.begin() as db:
        db.execute(resources.update().where(resources.c.id.in_(marked)).values(needs_quality_review=True))
    return len(marked)


def retrain_classifier(context: WorkerContext, *_: str) -> str:
    """Train the topic classifier on today's library."""
    train_topics(context.engine, context.settings.models)
    return "trained"


def clean_cache(context: WorkerContext, *_: str) -> int:
    """Count the keys the cache still holds; Redis itself expires the rest."""
    return int(str(context.cache.dbsize()))


def embed_collection(context: WorkerContext, key: str) -> int:
    """Average the embeddings of a collection's resources."""
    link, shelf = tables.collection_resources, tables.collections
    joined = select(resources.c.embedding).join(link, link.c.resource_id == resources.c.id)
    with context.engine.begin() as db:
        rows = db.scalars(joined.where(link.c.collection_id == key, resources.c.embedding.is_not(None))).all()
        vectors = np.array([json.loads(str(row)) for row in rows])
        mean = vectors.mean(axis=0).round(4).tolist() if len(rows) else None
        db.execute(shelf.update().where(shelf.c.id == key).values(embedding=mean))
    return len(rows)


def process_batch(context: WorkerContext, keys: list[str], flood: FloodMessage | None = None) -> int:
    """Recompute the quality of several resources; a part of a flood only takes up its time."""
    if flood is not None:
        return _linger(context, flood)
    return sum(
        1 for key in keys if context.resource(key).description and recompute_quality(context, key) >= 0
    )


def ingest_repository(context: WorkerContext, url: str) -> str:
    """Hand a repository to the edge worker's queue; raises OverflowError if that is full."""
    broker = redis.Redis.from_url(context.settings.ingestion_url, socket_timeout=2)
    if int(str(broker.llen("ingest_queue"))) >= 10:
        raise OverflowError("ingest_queue is full (10)")
    broker.rpush(
        "ingest_queue", json.dumps({"repo_url": url, "submitted_at": now().isoformat(), "ttl": 86400})
    )
    record_submission(broker, context.faults, url)
    return url


def _linger(context: WorkerContext, flood: FloodMessage) -> int:
    until = time.monotonic() + float(flood["seconds"])
    while time.monotonic() < until:
        current = context.faults.get("queue-flood")
        # A lifted flood drains at once; a later one has another name.
        if current is None or current.get("flood") != flood["name"]:
            return 0
        time.sleep(0.1)
    return 1
