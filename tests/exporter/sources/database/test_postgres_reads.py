"""What is read of a PostgreSQL server directly: its tables, its databases, and what rights hide."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from exporter.sources.database.databases import COUNTERS, DatabaseCountsReader
from exporter.sources.database.schema import CONTRACT_TABLES, current_role, read_schema
from exporter.sources.database.tables import read_postgres_tables
from exporter.sources.database.transaction_counts import TransactionCounts
from tests.exporter.backend_tables import USERS, create, insert, run
from tests.servers.postgres_server import PostgresServer


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """A database with the backend's tables, three users, and a table beside them in another schema."""
    it = create(postgres_server.fresh_database())
    insert(it, USERS, [{"username": name} for name in "abc"])
    run(it, "CREATE SCHEMA apart", "CREATE TABLE apart.notes AS SELECT generate_series(1, 900) AS n")
    run(it, "CREATE INDEX ON apart.notes (n)", "ANALYZE")
    return it


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    """A connection to it."""
    engine = create_engine(url)
    with engine.connect() as it:
        yield it
    engine.dispose()


def test_tables_are_named_counted_and_measured(url: str, connection: Connection) -> None:
    found = read_postgres_tables(connection, 40, 20)
    assert (found.rows["users"], found.rows["apart.notes"]) == (3.0, 900.0)
    (notes,) = [each for each in found.statistics if each.table == "notes"]
    assert (notes.schema, notes.values["n_live_tup"], notes.values["vacuum_count"]) == ("apart", 900.0, 0.0)
    parts = ("table_size_bytes", "index_size_bytes")
    assert found.sizes["apart.notes"] == sum(notes.values[part] for part in parts)
    assert all(notes.values[part] > 8000 for part in parts)
    assert found.database == url.rpartition("/")[2]
    assert found.size == found.database_sizes[found.database]
    assert found.size is not None
    assert found.size > 1_000_000
    assert (found.role, found.unlisted) == ("watchroom", 0.0)


def test_tables_and_databases_beyond_the_bound_are_not_listed(url: str, connection: Connection) -> None:
    found = read_postgres_tables(connection, 2, 1)
    assert len(found.rows) == len(found.sizes) == len(found.statistics) == 2
    assert "apart.notes" in found.rows  # the biggest
    assert found.unlisted == len(CONTRACT_TABLES) + 1 - 2
    assert [*found.database_sizes] == [url.rpartition("/")[2]]


def test_a_table_that_was_never_analyzed_has_no_rows(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE fresh (x int)")
    connection.commit()
    assert read_postgres_tables(connection, 40, 1).rows["fresh"] == 0.0


def test_a_table_that_is_being_rewritten_is_not_waited_for(url: str, connection: Connection) -> None:
    engine = create_engine(url)
    with engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE users")
        found = read_postgres_tables(connection, 40, 1)
    engine.dispose()
    assert "users" not in found.rows
    assert found.unlisted == 1.0


def test_the_watched_database_is_first_and_ours_is_taken_off(url: str, connection: Connection) -> None:
    own = TransactionCounts()
    reader = DatabaseCountsReader(2, lambda: own)
    first = reader.read(connection)
    assert [each.name for each in first] == [url.rpartition("/")[2], "postgres"]
    assert (first[0].connections, first[0].counts["xact_commit"], first[0].counts["xact_rollback"]) == (
        1,
        0,
        0,
    )
    assert first[0].counts.keys() == {*COUNTERS}
    assert first[0].oid.isdigit()
    own.commits += 10**6
    assert reader.read(connection)[0].counts["xact_commit"] == 0


def as_reader(connection: Connection, *statements: str) -> None:
    """Become a role without rights, to which these statements give some."""
    for statement in ("DROP ROLE IF EXISTS schema_reader", "CREATE ROLE schema_reader", *statements):
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("SET ROLE schema_reader")


def test_columns_that_may_not_be_read_are_denied(connection: Connection) -> None:
    as_reader(
        connection,
        "GRANT SELECT (id) ON users TO schema_reader",
        "GRANT SELECT ON resources TO schema_reader",
    )
    found = read_schema(connection)
    assert found.tables.keys() == {*CONTRACT_TABLES}
    assert found.tables["users"]["username"] == "character varying"
    assert {column for table, column in found.denied if table == "users"} == {"username", "created_at"}
    assert not [column for table, column in found.denied if table == "resources"]
    assert (found.role, found.hidden, current_role(connection)) == ("schema_reader", {}, "schema_reader")


def test_rows_that_are_hidden_are_told_with_the_right_that_is_missing(connection: Connection) -> None:
    as_reader(
        connection, "GRANT SELECT ON users TO schema_reader", "ALTER TABLE users ENABLE ROW LEVEL SECURITY"
    )
    hidden = {"users": "row security hides rows of users; ALTER ROLE schema_reader BYPASSRLS"}
    assert read_schema(connection).hidden == hidden


def test_a_table_in_another_schema_is_told_where_it_is(connection: Connection) -> None:
    as_reader(connection, "ALTER TABLE users SET SCHEMA apart")
    sentence = "database hides users; GRANT USAGE ON SCHEMA apart TO schema_reader"
    assert read_schema(connection).hidden == {"users": sentence}
    connection.exec_driver_sql("RESET ROLE")
    # the schema can be used: it belongs to somebody else, unless nothing else is found
    assert read_schema(connection).hidden == {}
    connection.exec_driver_sql("SET search_path = nowhere")
    found = read_schema(connection)
    assert found.tables == {}
    assert (
        found.hidden["users"] == "database has users in apart; ALTER ROLE watchroom SET search_path = apart"
    )
