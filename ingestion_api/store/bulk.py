"""Write many rows at once: a storm brings ten thousand, and an object or a statement for each takes seconds.

A row is a mapping from columns to texts, numbers, moments with a zone, and dicts of JSON. All rows of a call
have the same columns; others get the database's default, and none that SQLAlchemy would compute.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

from pydantic_core import to_json
from sqlalchemy import JSON, Connection, text
from sqlalchemy.orm import InstrumentedAttribute

from ingestion_api.clock import naive_utc
from ingestion_api.store.tables.base import Base, UtcDateTime

Row = Mapping[str, Any]
Column = InstrumentedAttribute[Any]
# by the write lock no other takes a number meanwhile; the table must be one that never gives a number twice
_LAST_ID = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_NEXT_IDS = text(
    "SELECT nextval((SELECT CAST(pg_get_serial_sequence(:name, 'id') AS regclass))) "
    "FROM generate_series(1, :number)"
)


def new_ids(connection: Connection, table: type[Base], number: int) -> Sequence[int]:
    """Ids for so many new rows, in order; call it in `Store.write`, and write them in that transaction."""
    name = table.__tablename__
    if connection.dialect.name == "postgresql":
        return connection.scalars(_NEXT_IDS, {"name": name, "number": number}).all()
    last = connection.scalar(_LAST_ID, {"name": name}) or 0
    return range(last + 1, last + 1 + number)


def insert_rows(connection: Connection, table: type[Base], rows: Sequence[Row]) -> None:
    """Insert the rows."""
    if not rows:
        return
    name, columns = table.__tablename__, ", ".join(rows[0])
    if connection.dialect.name == "postgresql":
        moments = [it for it in rows[0] if isinstance(table.__table__.c[it].type, UtcDateTime)]
        stored = ", ".join(f"{it} AT TIME ZONE 'UTC'" if it in moments else it for it in rows[0])
        given = _given(connection, table, rows[0], dict.fromkeys(moments, "timestamptz"))
        insert = f"INSERT INTO {name} ({columns}) SELECT {stored} FROM {given}"  # noqa: S608 - our own names
        connection.execute(text(insert), {"given": to_json(rows).decode()})
        return
    values = ", ".join("?" * len(rows[0]))
    insert = f"INSERT INTO {name} ({columns}) VALUES ({values})"  # noqa: S608 - as above
    connection.exec_driver_sql(insert, _sqlite_values(table, rows))


def update_rows(connection: Connection, table: type[Base], assignments: str, rows: Sequence[Row]) -> None:
    """Assign to the rows with these ids.

    `{column}` stands for the value that a row gives, `table.column` for what is stored.
    """
    if not rows:
        return
    name = table.__tablename__
    if connection.dialect.name == "postgresql":
        each = assignments.format_map({column: f"given.{column}" for column in rows[0]})
        given = _given(connection, table, rows[0])
        update = f"UPDATE {name} SET {each} FROM {given} WHERE {name}.id = given.id"  # noqa: S608 - as above
        connection.execute(text(update), {"given": _as_json(rows)})
        return
    numbers = {column: f"?{number}" for number, column in enumerate(rows[0], 1)}
    update = f"UPDATE {name} SET {assignments.format_map(numbers)} WHERE id = {numbers['id']}"  # noqa: S608 - as above
    connection.exec_driver_sql(update, _sqlite_values(table, rows))


def find_rows(
    connection: Connection, columns: Sequence[Column], keys: Sequence[Row], more: str = "TRUE"
) -> Sequence[Any]:
    """These columns of the stored rows that have the values of a key, and for which `more` is true.

    Each key is looked up by itself. For a list of hundreds, PostgreSQL would plan for longer than it
    reads, and read the whole table as long as it has no statistics of what the storm has brought.
    """
    if not keys:
        return ()
    table: type[Base] = columns[0].class_  # type: ignore[assignment]  # no alias
    name = table.__tablename__
    wanted = ", ".join(f"{name}.{column.key}" for column in columns)
    if connection.dialect.name == "postgresql":
        same = _same_in_postgres(name, *keys[0])
        # OFFSET 0 keeps the planner from turning this into a join
        found = f"LATERAL (SELECT {wanted} FROM {name} WHERE {same} AND {more} OFFSET 0)"  # noqa: S608 - our own names
        query = f"SELECT found.* FROM {_given(connection, table, keys[0])}, {found} AS found"  # noqa: S608 - as above
    else:
        same = " AND ".join(
            f"{name}.{column} = json_extract(given.value, '$.{column}')" for column in keys[0]
        )
        query = f"SELECT {wanted} FROM json_each(:given) AS given CROSS JOIN {name} WHERE {same} AND {more}"  # noqa: S608 - as above
    typed = text(query).columns(*(column.__clause_element__() for column in columns))
    return connection.execute(typed, {"given": _as_json(keys)}).all()


def _same_in_postgres(name: str, first: str, *others: str) -> str:
    # an index of another of them looks as good to the planner, and in a storm all rows may have its value
    conditions = [f"{name}.{first} = given.{first}"]
    for other in others:
        conditions.append(f"{name}.{other} >= given.{other}")
        conditions.append(f"{name}.{other} IS NOT DISTINCT FROM given.{other}")
    return " AND ".join(conditions)


def _given(
    connection: Connection, table: type[Base], columns: Iterable[str], types: Mapping[str, str] | None = None
) -> str:
    """The rows as a table of these columns; one parameter, whatever the number of rows and columns.

    `types` has those that are not the column's own.
    """
    own = {it: table.__table__.c[it].type.compile(connection.dialect) for it in columns}
    typed = ", ".join(f"{column} {its_type}" for column, its_type in (own | dict(types or {})).items())
    return f"json_to_recordset(CAST(:given AS json)) AS given ({typed})"


def _as_json(rows: Sequence[Row]) -> str:
    # a server of encoding SQL_ASCII takes no escapes beyond ASCII
    return json.dumps(rows, ensure_ascii=False, default=_moment)


def _sqlite_values(table: type[Base], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    columns = tuple(rows[0])
    types = [table.__table__.c[column].type for column in columns]
    converted = [
        (place, _moment if isinstance(each, UtcDateTime) else json.dumps)
        for place, each in enumerate(types)
        if isinstance(each, UtcDateTime | JSON)
    ]
    values = map(itemgetter(*columns), rows)
    return [_converted(each, converted) for each in values] if converted else [*values]


def _converted(
    values: tuple[Any, ...], converted: Sequence[tuple[int, Callable[[Any], str]]]
) -> tuple[Any, ...]:
    found = [*values]
    for place, convert in converted:
        if found[place] is not None:
            found[place] = convert(found[place])
    return tuple(found)


@lru_cache(maxsize=1_000)
def _moment(value: datetime) -> str:
    # as SQLAlchemy writes it to SQLite
    return naive_utc(value).isoformat(" ", "microseconds")
