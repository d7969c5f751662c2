"""The backend's table is written to by its own column names, with a value for each column that needs one."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from ingestion_api.errors import Unavailable
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceDatabase
from ingestion_api.settings import Settings
from ingestion_api.store.engine import open_engine
from tests.ingestion_api.conftest import MORNING
from tests.ingestion_api.resources.backend_table import make_table
from tests.servers.postgres_server import PostgresServer

KEY = "00000000-0000-4000-8000-000000000001"
ROW = {"id": KEY, "title": "README.md", "description": "A lamp.", "ingestion_status": "completed"}


@pytest.fixture(params=["sqlite", "postgres"])
def resources(
    request: pytest.FixtureRequest, tmp_path: Path, settings: Callable[..., Settings]
) -> Iterator[ResourceDatabase]:
    """The backend's table, empty, on each kind of database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/backend.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.fresh_database()
    make_table(url)
    chosen = settings(resources_url=url, resources_defaults={"read_status": "archived"})
    resources = ResourceDatabase(chosen, open_engine(f"sqlite:///{tmp_path}/own.db"))
    yield resources
    resources.close()


def test_unknown_columns_get_a_value_that_fits(resources: ResourceDatabase) -> None:
    """The settings' where they name one, else an empty one."""
    rows.upsert(resources.table(), [ROW], MORNING)
    query = (
        "SELECT subject, relation, read_status, quality_score, equation_count, requires_manual_review, "
        "version FROM resources"
    )
    with resources.engine.connect() as connection:
        found = connection.execute(text(query)).one()
    assert [str(value) for value in found[:2]] == ["[]", "[]"]
    assert tuple(found[2:]) == ("archived", 0.0, 0, False, 1)


def test_writing_a_row_again_updates_it(resources: ResourceDatabase) -> None:
    """It loses its vector, and keeps the day it was made."""
    table = resources.table()
    rows.upsert(table, [ROW], MORNING)
    rows.store_vectors(table, [(KEY, '{"1":2.0}')], "m", MORNING)
    with resources.engine.connect() as connection:
        assert connection.scalar(text("SELECT sparse_embedding FROM resources")) == '{"1":2.0}'
    rows.upsert(table, [{**ROW, "title": "lamp.md"}], MORNING.replace(hour=9))
    with resources.engine.connect() as connection:
        found = connection.execute(
            text("SELECT title, sparse_embedding, created_at, updated_at FROM resources")
        ).one()
    moments = [value if isinstance(value, datetime) else datetime.fromisoformat(value) for value in found[2:]]
    assert tuple(found[:2]) == ("lamp.md", None)
    assert [moment.hour for moment in moments] == [6, 9]


def test_columns_may_have_other_names(settings: Callable[..., Settings], tmp_path: Path) -> None:
    """As the settings say."""
    url = f"sqlite:///{tmp_path}/other.db"
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE papers (key TEXT PRIMARY KEY, title TEXT, body TEXT, vector TEXT, model TEXT)")
        )
    chosen = settings(
        resources_url=url,
        resources_table="papers",
        resources_columns={
            "id": "key",
            "description": "body",
            "sparse_embedding": "vector",
            "sparse_embedding_model": "model",
        },
    )
    table = ResourceDatabase(chosen, engine).table()
    rows.upsert(table, [ROW], MORNING)
    rows.store_vectors(table, [(KEY, "{}")], "m", MORNING)
    with engine.connect() as connection:
        assert tuple(connection.execute(text("SELECT * FROM papers")).one()) == (
            KEY,
            "README.md",
            "A lamp.",
            "{}",
            "m",
        )


def test_a_missing_table_or_column_is_named(settings: Callable[..., Settings], tmp_path: Path) -> None:
    """So that the operator knows which setting to look at."""
    url = f"sqlite:///{tmp_path}/other.db"
    engine = open_engine(url)
    with pytest.raises(Unavailable, match="no table 'papers'"):
        ResourceDatabase(settings(resources_url=url, resources_table="papers"), engine).table()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE papers (id TEXT PRIMARY KEY, title TEXT)"))
    with pytest.raises(Unavailable, match="no column 'description'"):
        ResourceDatabase(settings(resources_url=url, resources_table="papers"), engine).table()


def test_a_backends_sqlite_keeps_its_journal_mode(settings: Callable[..., Settings], tmp_path: Path) -> None:
    """It is not ours to change, since it stays changed."""
    with sqlite3.connect(tmp_path / "backend.db") as connection:
        columns = "id, title, description, sparse_embedding, sparse_embedding_model"
        connection.execute(f"CREATE TABLE resources ({columns})")
    resources = ResourceDatabase(
        settings(resources_url=f"sqlite:///{tmp_path}/backend.db"),
        open_engine(f"sqlite:///{tmp_path}/own.db"),
    )
    assert rows.existing_ids(resources.table(), ["1"]) == set()
    with sqlite3.connect(tmp_path / "backend.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    resources.close()
