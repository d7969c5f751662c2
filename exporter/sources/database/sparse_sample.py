"""A small sample of stored sparse vectors: the newest of each model, and some whose texts are equal."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, func, select

from exporter.sources.database.schema import read_schema
from exporter.sources.database.sparse import NO_MODEL, RESOURCES, has_sparse
from exporter.sources.database.sparse_evidence import Evidence, Stored, judged, vector_of

C = RESOURCES.c
FULL = func.coalesce(C.sparse_embedding, "").not_in(("", "{}"))
TITLES = 10  # titles that several rows have, looked at for equal texts
LONGEST = 200_000  # characters of a vector; a longer one is not fetched


def read_evidence(
    connection: Connection, sample: int, models: int, vocabularies: Mapping[str, int]
) -> tuple[Evidence, ...]:
    """What the `sample` newest vectors of each of the `models` most used models give away."""
    if not has_sparse(read_schema(connection)) or sample == 0:
        return ()
    used = (
        select(C.sparse_embedding_model)
        .where(FULL)
        .group_by(C.sparse_embedding_model)
        .order_by(func.count().desc())
        .limit(models)
    )
    names = list(connection.execute(used).scalars())
    return tuple(
        judged(str(name or NO_MODEL), sampled(connection, name, sample), vocabularies.get(str(name)))
        for name in names
    )


def sampled(connection: Connection, model: str | None, sample: int) -> list[Stored]:
    """The newest vectors under this name, and those of rows whose title comes more than once."""
    ofmodel = (FULL, C.sparse_embedding_model.is_not_distinct_from(model))
    newest = select(C.id).where(*ofmodel).order_by(C.sparse_embedding_updated_at.desc()).limit(sample)
    titles = select(C.title).where(*ofmodel).group_by(C.title).having(func.count() > 1).limit(TITLES)
    rows: dict[str, Stored] = {}
    for chosen in (C.id.in_(newest), C.title.in_(titles)):
        query = select(C.id, C.title, C.description, C.sparse_embedding).where(*ofmodel, chosen)
        rows |= fetched(connection, query.where(func.length(C.sparse_embedding) < LONGEST).limit(2 * sample))
    return list(rows.values())


def fetched(connection: Connection, query: Select[Any]) -> dict[str, Stored]:
    """The rows of the query by id."""
    return {
        str(key): Stored(str(key), f"{title or ''}\n{description or ''}", vector_of(vector))
        for key, title, description, vector in connection.execute(query)
    }
