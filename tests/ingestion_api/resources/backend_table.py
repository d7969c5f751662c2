"""A table of resources as the watched backend has it, with columns the service knows nothing of."""

import uuid

from sqlalchemy import text

from ingestion_api.store.engine import WRITE_OPTION, open_engine

COLUMNS = """
id CHAR(36) NOT NULL PRIMARY KEY, title VARCHAR NOT NULL, description TEXT, source VARCHAR,
identifier VARCHAR, type VARCHAR, format VARCHAR, subject JSON NOT NULL, relation JSON NOT NULL,
read_status VARCHAR NOT NULL, quality_score FLOAT NOT NULL, ingestion_status VARCHAR NOT NULL,
equation_count INTEGER NOT NULL, requires_manual_review BOOLEAN NOT NULL, sparse_embedding TEXT,
sparse_embedding_model VARCHAR(100), sparse_embedding_updated_at TIMESTAMP, version INTEGER NOT NULL,
created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
"""
INSERT = """
INSERT INTO resources (id, title, description, subject, relation, read_status, quality_score,
ingestion_status, equation_count, requires_manual_review, version, created_at, updated_at,
sparse_embedding, sparse_embedding_model)
VALUES (:id, :title, :description, '[]', '[]', 'unread', 0.5, 'completed', 0, false, 1,
'2026-11-23 05:00:00', '2026-11-23 05:00:00', :vector, :model)
"""


def make_table(url: str) -> None:
    """Create the empty table."""
    engine = open_engine(url)
    with engine.connect().execution_options(**{WRITE_OPTION: True}) as connection, connection.begin():
        connection.execute(text("DROP TABLE IF EXISTS resources"))
        connection.execute(text(f"CREATE TABLE resources ({COLUMNS})"))
    engine.dispose()


def add_rows(url: str, number: int, vector: str | None = None, model: str | None = None) -> list[str]:
    """Add rows about lamps; the ids."""
    ids = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"{vector} {n}")) for n in range(number)]
    rows = [
        {
            "id": key,
            "title": f"Lamp {n}",
            "description": f"Lamp number {n} turns by night.",
            "vector": vector,
            "model": model,
        }
        for n, key in enumerate(ids)
    ]
    engine = open_engine(url)
    with engine.connect().execution_options(**{WRITE_OPTION: True}) as connection, connection.begin():
        connection.execute(text(INSERT), rows)
    engine.dispose()
    return ids


def vectors(url: str) -> dict[str, tuple[str | None, str | None]]:
    """Vector and model by id."""
    engine = open_engine(url)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT id, sparse_embedding, sparse_embedding_model FROM resources")
        ).all()
    engine.dispose()
    return {str(row[0]).strip(): (row[1], row[2]) for row in rows}
