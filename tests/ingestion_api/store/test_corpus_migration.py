"""The statistics that stood in one document a version become rows, and go back into one."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from ingestion_api.embeddings.corpus import corpus_statistics
from ingestion_api.store import Store
from ingestion_api.store.engine import WRITE_OPTION
from ingestion_api.store.migrate import _config, migrate
from tests.servers.postgres_server import PostgresServer

BEFORE = "0007"
OLD = "bm25-english-v1"
INSERT = """
INSERT INTO encoder_versions (name, job_id, documents, statistics, created_at)
VALUES (:name, :job, :documents, :statistics, '2026-11-23 06:00:00')
"""


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A database of the release before."""
    if request.param == "sqlite":
        store = Store.at(f"sqlite:///{tmp_path}/own.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        store = Store.at(server.fresh_database())
    lead(store, BEFORE)
    return store


def lead(store: Store, revision: str) -> None:
    """Bring a database to a revision, forwards or back."""
    with store.engine.connect().execution_options(**{WRITE_OPTION: True}) as connection, connection.begin():
        config = _config(connection)
        known = connection.dialect.has_table(connection, "corpora")
        (command.downgrade if known else command.upgrade)(config, revision)


def put(store: Store, job: int, documents: int, tokens: int, frequencies: dict[str, int]) -> None:
    """Write a version as the release before did."""
    held = {"documents": documents, "tokens": tokens, "frequencies": frequencies}
    row = {"name": OLD, "job": job, "documents": documents, "statistics": json.dumps(held)}
    with store.write() as session:
        session.execute(text(INSERT), row)


def documents(store: Store) -> list[dict[str, Any]]:
    """The documents of all versions."""
    with store.read() as session:
        found = session.scalars(text("SELECT statistics FROM encoder_versions ORDER BY id"))
        return [json.loads(each) if isinstance(each, str) else each for each in found]


def test_the_newest_statistics_become_rows(old: Store) -> None:
    chance = random.Random(7)
    frequencies = {str(token): chance.randint(1, 900) for token in chance.sample(range(2**32), 20_000)}
    put(old, 1, 3, 50, {"7": 3})
    put(old, 2, 900, 123_456, frequencies)
    put(old, 3, 0, 0, {})
    migrate(old.engine)
    with old.read() as session:
        found = corpus_statistics(session, OLD, map(int, frequencies))
        terms = session.scalar(text("SELECT terms FROM corpora"))
        sizes = session.execute(text("SELECT documents, tokens FROM encoder_versions ORDER BY id")).all()
    assert (found.documents, found.tokens, terms) == (900, 123_456, 20_000)
    assert found.frequencies == {int(token): number for token, number in frequencies.items()}
    assert [tuple(size) for size in sizes] == [(3, 50), (900, 123_456), (0, 0)]
    old.close()


def test_a_database_without_versions_has_no_corpus(old: Store) -> None:
    migrate(old.engine)
    with old.read() as session:
        assert session.scalar(text("SELECT count(*) FROM corpora")) == 0
    old.close()


def test_the_way_back_gives_the_document_again(old: Store) -> None:
    put(old, 1, 3, 50, {"7": 3, "4294967295": 1})
    before = documents(old)
    migrate(old.engine)
    lead(old, BEFORE)
    assert documents(old) == before
    old.close()
