"""The resources: how far their ingestion is, and which have an embedding."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, case, column, func, literal, select, table

from exporter.sources.database.schema import read_schema

INGESTION_STATES = ("pending", "processing", "completed", "failed", "error")
RESOURCES = table("resources", column("ingestion_status"), column("embedding"))


@dataclass(frozen=True)
class ResourceCounts:
    """Resources by ingestion status (each of STATES is there), and those without an embedding."""

    by_status: Mapping[str, float]
    without_embedding: float | None


def read_resources(connection: Connection) -> ResourceCounts | None:
    """Counts from the table resources; None where there is none."""
    schema = read_schema(connection)
    if not schema.has("resources", "ingestion_status"):
        return None
    has_embedding = schema.has("resources", "embedding")
    embedding = RESOURCES.c.embedding
    missing = func.sum(case((embedding.is_(None), 1), (embedding == "", 1), else_=0))
    status = func.coalesce(RESOURCES.c.ingestion_status, "unknown")
    lacking = missing if has_embedding else literal(0)
    query = select(status, func.count(), lacking).group_by(status).limit(100)
    counts = dict.fromkeys(INGESTION_STATES, 0.0)
    without = 0.0
    for name, count, missed in connection.execute(query):
        counts[str(name)] = float(count)
        without += float(missed)
    return ResourceCounts(counts, without if has_embedding else None)
