"""A small sample of stored sparse vectors: the newest of each model, and some whose texts are equal."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, func, select

from exporter.sources.database.embedding_audit import (
    EmbeddingAudit,
    StoredVector,
    audit_vectors,
    parse_vector,
)
from exporter.sources.database.schema import read_schema
from exporter.sources.database.sparse import NO_MODEL, RESOURCES, has_sparse_embeddings

C = RESOURCES.c
HAS_VECTOR = func.coalesce(C.sparse_embedding, "").not_in(("", "{}"))
MAX_SHARED_TITLES = 10  # titles that several rows have, looked at for equal texts
MAX_VECTOR_LENGTH = 200_000  # characters of a vector; a longer one is not fetched


def read_embedding_audits(
    connection: Connection, sample: int, models: int, vocabularies: Mapping[str, int]
) -> tuple[EmbeddingAudit, ...]:
    """What the `sample` newest vectors of each of the `models` most used models give away."""
    if not has_sparse_embeddings(read_schema(connection)) or sample == 0:
        return ()
    used = (
        select(C.sparse_embedding_model)
        .where(HAS_VECTOR)
        .group_by(C.sparse_embedding_model)
        .order_by(func.count().desc())
        .limit(models)
    )
    names = list(connection.execute(used).scalars())
    return tuple(
        audit_vectors(
            str(name or NO_MODEL), sample_vectors(connection, name, sample), vocabularies.get(str(name))
        )
        for name in names
    )


def sample_vectors(connection: Connection, model: str | None, sample: int) -> list[StoredVector]:
    """The newest vectors under this name, and those of rows whose title comes more than once."""
    ofmodel = (HAS_VECTOR, C.sparse_embedding_model.is_not_distinct_from(model))
    newest = select(C.id).where(*ofmodel).order_by(C.sparse_embedding_updated_at.desc()).limit(sample)
    titles = (
        select(C.title).where(*ofmodel).group_by(C.title).having(func.count() > 1).limit(MAX_SHARED_TITLES)
    )
    rows: dict[str, StoredVector] = {}
    for chosen in (C.id.in_(newest), C.title.in_(titles)):
        query = select(C.id, C.title, C.description, C.sparse_embedding).where(*ofmodel, chosen)
        rows |= fetch_vectors(
            connection, query.where(func.length(C.sparse_embedding) < MAX_VECTOR_LENGTH).limit(2 * sample)
        )
    return list(rows.values())


def fetch_vectors(connection: Connection, query: Select[Any]) -> dict[str, StoredVector]:
    """The rows of the query by id."""
    return {
        str(key): StoredVector(str(key), f"{title or ''}\n{description or ''}", parse_vector(vector))
        for key, title, description, vector in connection.execute(query)
    }
