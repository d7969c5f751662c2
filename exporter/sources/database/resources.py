"""The table resources: ingestion states, and which resources have a dense or a sparse embedding."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, DateTime, case, column, func, literal, select, table

from exporter.sources.database.schema import Schema, read_schema
from exporter.sources.database.time_windows import to_unix_time, utc

INGESTION_STATES = ("pending", "processing", "completed", "failed", "error")
RESOURCES = table(
    "resources",
    column("id"),
    column("title"),
    column("description"),
    column("ingestion_status"),
    column("embedding"),
    column("sparse_embedding"),
    column("sparse_embedding_model"),
    column("sparse_embedding_updated_at", DateTime),
)
SPARSE_COLUMNS = (
    "id", "title", "description", "sparse_embedding", "sparse_embedding_model", "sparse_embedding_updated_at",
)  # fmt: skip
WITH, WITHOUT, EMPTY = "with", "without", "empty"
NO_MODEL = "unknown"


@dataclass(frozen=True)
class ResourceCounts:
    """Resources by ingestion status, with each of INGESTION_STATES, and those without an embedding."""

    by_status: Mapping[str, float]
    without_embedding: float | None


@dataclass(frozen=True)
class EmbeddingCoverage:
    """Resources by state (with, without, empty: a vector without terms); those with, by model name.

    `last` is the Unix time of the newest vector, None when no row has one.
    """

    by_state: Mapping[str, float]
    by_model: Mapping[str, float]
    last: float | None


def read_resources(connection: Connection) -> ResourceCounts | None:
    """Counts from the table resources; None where there is none."""
    schema = read_schema(connection)
    if not schema.has("resources", "ingestion_status"):
        return None
    has_embedding = schema.has("resources", "embedding")
    embedding = RESOURCES.c.embedding
    missing = func.sum(case((embedding.is_(None), 1), (embedding == "", 1), else_=0))
    status = func.coalesce(RESOURCES.c.ingestion_status, "unknown")
    query = select(status, func.count(), missing if has_embedding else literal(0)).group_by(status).limit(100)
    counts = dict.fromkeys(INGESTION_STATES, 0.0)
    without = 0.0
    for name, count, missing_count in connection.execute(query):
        counts[str(name)] = float(count)
        without += float(missing_count)
    return ResourceCounts(counts, without if has_embedding else None)


def read_embedding_coverage(connection: Connection) -> EmbeddingCoverage | None:
    """Counts from the table resources; None where it has no sparse embeddings."""
    if not has_sparse_embeddings(read_schema(connection)):
        return None
    c = RESOURCES.c
    vector = func.coalesce(c.sparse_embedding, "")
    state = case((vector == "", WITHOUT), (vector == "{}", EMPTY), else_=WITH)
    inner = select(
        state.label("state"),
        c.sparse_embedding_model.label("model"),
        utc(c.sparse_embedding_updated_at).label("at"),
    ).subquery()
    query = select(inner.c.state, inner.c.model, func.count(), func.max(inner.c.at)).group_by(
        inner.c.state, inner.c.model
    )
    by_state = dict.fromkeys((WITH, WITHOUT, EMPTY), 0.0)
    by_model: dict[str, float] = {}
    times: list[float] = []
    for name, model, count, newest in connection.execute(query.limit(1000)):
        by_state[name] += float(count)
        if name == WITH:
            key = str(model or NO_MODEL)
            by_model[key] = by_model.get(key, 0.0) + float(count)
        at = to_unix_time(newest)
        if at is not None and name != WITHOUT:
            times.append(at)
    return EmbeddingCoverage(by_state, by_model, max(times, default=None))


def has_sparse_embeddings(schema: Schema) -> bool:
    """Whether the table resources has the columns of sparse embeddings."""
    return schema.has("resources", *SPARSE_COLUMNS)
