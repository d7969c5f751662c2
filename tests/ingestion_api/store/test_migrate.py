"""The migrations lead to the tables that the code knows, on each kind of database."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate, newest_revision
from ingestion_api.store.tables import Base
from tests.servers.postgres_server import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A database without tables."""
    if request.param == "sqlite":
        return Store.at(f"sqlite:///{tmp_path}/new/own.db")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return Store.at(server.fresh_database())


def test_migrations_lead_to_the_tables_of_the_code(bare: Store) -> None:
    """With nothing left to do."""
    migrate(bare.engine)
    with bare.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert found == newest_revision()
    bare.close()


def test_service_and_workers_may_migrate_at_once(bare: Store) -> None:
    """One does it, the others find it done."""
    with ThreadPoolExecutor(max_workers=4) as threads:
        list(threads.map(lambda _: migrate(bare.engine), range(4)))
    assert "jobs" in inspect(bare.engine).get_table_names()
    bare.close()


def test_sqlite_keeps_what_was_committed(tmp_path: Path) -> None:
    """Write-ahead, and to the disk before the answer."""
    store = Store.at(f"sqlite:///{tmp_path}/own.db")
    with store.read() as session:
        names = ("journal_mode", "synchronous", "foreign_keys")
        found = [session.scalar(text(f"PRAGMA {name}")) for name in names]
    assert found == ["wal", 2, 1]
    store.close()
