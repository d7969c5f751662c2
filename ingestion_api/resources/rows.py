"""Read, write and delete rows of the resources table, in short transactions."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from ingestion_api.clock import naive_utc
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store.engine import WRITE_OPTION

NO_VECTOR: dict[str, Any] = {
    "sparse_embedding": None,
    "sparse_embedding_model": None,
    "sparse_embedding_updated_at": None,
}
# PostgreSQL's classes of errors: the data, a constraint, a limit (a text too long for an index)
_ROW_ERRORS = frozenset(("22", "23", "54"))
IMMUTABLE_COLUMNS = ("id", "created_at")


@dataclass(frozen=True)
class ResourceText:
    """The text that is encoded: a resource's title and its description."""

    id: Any
    text: str


def upsert(resources: ResourceTable, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Insert rows by our names; a row with a known id is updated and loses its vector."""
    moment = naive_utc(now)
    full = [
        resources.required_values(moment)
        | resources.row({**row, **NO_VECTOR, "created_at": moment, "updated_at": moment})
        for row in rows
    ]
    with _write_connection(resources) as connection:
        connection.execute(_upsert_statement(resources, [*rows[0], *NO_VECTOR, "updated_at"]), full)


def is_row_rejected(error: DBAPIError) -> bool:
    """Tell whether the database refuses a row for its content, and would accept others."""
    if error.connection_invalidated:
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state)[:2] in _ROW_ERRORS
    return isinstance(error, DataError | IntegrityError)


def read_texts(resources: ResourceTable, ids: Iterable[Any]) -> list[ResourceText]:
    """The texts of the rows with these ids, in the order of ids."""
    query = select(resources["id"], resources["title"], resources["description"])
    query = query.where(resources["id"].in_(list(ids))).order_by(resources["id"])
    with resources.engine.connect() as connection:
        return [
            ResourceText(key, f"{title or ''}\n{body or ''}")
            for key, title, body in connection.execute(query)
        ]


def existing_ids(resources: ResourceTable, ids: Iterable[Any]) -> set[Any]:
    """The ids that have a row."""
    query = select(resources["id"]).where(resources["id"].in_(list(ids)))
    with resources.engine.connect() as connection:
        return set(connection.scalars(query))


def store_vectors(
    resources: ResourceTable, vectors: Sequence[tuple[Any, str]], model: str, now: datetime
) -> None:
    """Store vectors, (id, JSON), with the model that made them, in one transaction."""
    values: dict[str, Any] = {"sparse_embedding": bindparam("the_vector"), "sparse_embedding_model": model}
    values |= {"sparse_embedding_updated_at": naive_utc(now)}
    statement = update(resources.table).where(resources["id"] == bindparam("the_key"))
    with _write_connection(resources) as connection:
        connection.execute(
            statement.values(resources.row(values)),
            [{"the_key": key, "the_vector": vector} for key, vector in vectors],
        )


def delete_rows(resources: ResourceTable, ids: Sequence[Any]) -> bool:
    """Delete rows; False when something else in the database still refers to one of them."""
    try:
        with _write_connection(resources) as connection:
            connection.execute(delete(resources.table).where(resources["id"].in_(ids)))
    except IntegrityError:
        return False
    return True


def _upsert_statement(resources: ResourceTable, ours: Sequence[str]) -> Any:
    changing = [
        resources[name].name for name in ours if name not in IMMUTABLE_COLUMNS and resources.has(name)
    ]
    key = [resources["id"]]
    if resources.engine.dialect.name == "postgresql":
        into = postgresql.insert(resources.table)
        return into.on_conflict_do_update(
            index_elements=key, set_={name: into.excluded[name] for name in changing}
        )
    lite = sqlite.insert(resources.table)
    return lite.on_conflict_do_update(
        index_elements=key, set_={name: lite.excluded[name] for name in changing}
    )


@contextmanager
def _write_connection(resources: ResourceTable) -> Iterator[Connection]:
    connection = resources.engine.connect().execution_options(**{WRITE_OPTION: True})
    with connection, connection.begin():
        yield connection
