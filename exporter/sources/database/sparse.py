"""Which resources have a sparse embedding, by which model, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, DateTime, case, column, func, select, table

from exporter.sources.database.schema import Schema, read_schema
from exporter.sources.database.time_windows import to_unix_time, utc

RESOURCES = table(
    "resources",
    column("id"),
    column("title"),
    column("description"),
    column("sparse_embedding"),
    column("sparse_embedding_model"),
    column("sparse_embedding_updated_at", DateTime),
)
WITH, WITHOUT, EMPTY = "with", "without", "empty"
NO_MODEL = "unknown"


@dataclass(frozen=True)
class EmbeddingCoverage:
    """Resources by state (with, without, empty: a vector without terms); those with, by model name.

    `last` is the Unix time of the newest vector, None when no row says.
    """

    by_state: Mapping[str, float]
    by_model: Mapping[str, float]
    last: float | None


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
    return schema.has("resources", *(name.name for name in RESOURCES.c))
