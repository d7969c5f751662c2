"""What the backend's tables hold, read as a whole from a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, create_engine

from exporter.errors import RequestFailed
from exporter.sources.database.embedding_audit import EmbeddingAudit, read_embedding_audits
from exporter.sources.database.engagement import CreatedCounts, Engagement, read_created, read_engagement
from exporter.sources.database.recommendations import RecommendationStats, read_evaluations, read_feedback
from exporter.sources.database.resources import (
    EmbeddingCoverage,
    ResourceCounts,
    read_embedding_coverage,
    read_resources,
)
from exporter.sources.database.schema import Schema, columns_by_table
from tests.exporter.backend_tables import (
    ANNOTATIONS,
    INTERACTIONS,
    PROFILES,
    RESOURCES,
    USERS,
    ago,
    create,
    insert,
    run,
    sqlite_url,
)

T = TypeVar("T")
WINDOWS = ("1d", "7d", "30d")


def read(url: str, what: Callable[[Connection], T]) -> T:
    """What is read from this database."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = what(connection)
    engine.dispose()
    return found


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file with the backend's tables."""
    return create(sqlite_url(tmp_path))


def test_empty_tables_are_zeros(file: str) -> None:
    assert read(file, read_engagement) == Engagement(
        0.0, dict.fromkeys(WINDOWS, 0.0), {}, dict.fromkeys(WINDOWS, 0.0), None
    )
    names = ("resources", "annotations", "collections")
    created = {(name, window): 0.0 for name in names for window in WINDOWS}
    assert read(file, read_created) == CreatedCounts(dict.fromkeys(names, 0.0), created)
    states = dict.fromkeys(("pending", "processing", "completed", "failed", "error"), 0.0)
    assert read(file, read_resources) == ResourceCounts(states, 0.0)
    coverage = EmbeddingCoverage(dict.fromkeys(("with", "without", "empty"), 0.0), {}, None)
    assert read(file, read_embedding_coverage) == coverage
    assert read(file, read_evaluations) == ()


def test_tables_that_are_missing_are_no_zeros(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    run(url, "CREATE TABLE other (id INTEGER)", "CREATE TABLE resources (id TEXT)")
    assert read(url, read_engagement) == Engagement(None, {}, {}, {}, None)
    assert read(url, read_created) == CreatedCounts({}, {})
    for what in (read_resources, read_embedding_coverage, read_feedback):
        assert read(url, what) is None
    assert read(url, read_evaluations) == ()
    assert read(url, lambda connection: read_embedding_audits(connection, 10, 3, {})) == ()


def test_feedback_without_a_context_is_of_an_unknown_strategy(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    run(url, "CREATE TABLE recommendation_feedback (feedback_type TEXT, created_at TEXT)")
    run(url, "INSERT INTO recommendation_feedback VALUES ('view', datetime('now', '-2 days'))")
    found = read(url, read_feedback)
    assert found is not None
    assert found.stats["unknown", "7d"] == RecommendationStats(impressions=1.0)
    assert found.by_type == {("view", "1d"): 0.0, ("view", "7d"): 1.0, ("view", "30d"): 1.0}


def test_users_are_active_by_their_interactions(file: str) -> None:
    insert(file, USERS, [{"username": name} for name in "abc"])
    insert(file, PROFILES, [{"avg_session_duration": seconds} for seconds in (None, 0.0, 0.5, 100.0, 199.5)])
    rows: list[dict[str, Any]] = [
        {"user_id": "a", "interaction_type": "view", "is_positive": 1, "interaction_timestamp": ago(0.5)},
        {"user_id": "a", "interaction_type": "view", "is_positive": 0, "interaction_timestamp": ago(0.5)},
        {"user_id": "b", "interaction_type": "save", "is_positive": 1, "interaction_timestamp": ago(3)},
        {"user_id": "c", "interaction_type": "view", "is_positive": 1, "interaction_timestamp": ago(20)},
        {"user_id": "c", "interaction_type": "view", "is_positive": 1, "interaction_timestamp": ago(40)},
    ]
    insert(file, INTERACTIONS, rows)
    found = read(file, read_engagement)
    assert found.users == 3.0
    assert found.session_seconds == 100.0
    assert found.active == {"1d": 1.0, "7d": 2.0, "30d": 3.0}
    assert found.positive == {"1d": 1.0, "7d": 2.0, "30d": 3.0}
    views = {window: found.interactions["view", window] for window in WINDOWS}
    assert views == {"1d": 2.0, "7d": 2.0, "30d": 3.0}
    assert found.interactions["save", "1d"] == 0.0


def test_rows_are_counted_by_when_they_were_created(file: str) -> None:
    insert(file, ANNOTATIONS, [{"created_at": ago(days)} for days in (0.5, 5, 6, 29, 31)])
    found = read(file, read_created)
    assert found.rows["annotations"] == 5.0
    assert [found.created["annotations", window] for window in WINDOWS] == [1.0, 3.0, 4.0]


def test_resources_are_counted_by_state_and_by_embedding(file: str) -> None:
    insert(
        file,
        RESOURCES,
        [
            {"ingestion_status": "failed", "embedding": "[1]"},
            {"ingestion_status": "failed", "embedding": ""},
            {"ingestion_status": None, "embedding": None},
            {"ingestion_status": "odd", "embedding": "[2]"},
        ],
    )
    found = read(file, read_resources)
    assert found is not None
    assert {state: count for state, count in found.by_status.items() if count} == {
        "failed": 2.0, "unknown": 1.0, "odd": 1.0,
    }  # fmt: skip
    assert found.without_embedding == 2.0


def test_without_a_column_of_embeddings_none_is_missing(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    run(url, "CREATE TABLE resources (ingestion_status TEXT)", "INSERT INTO resources VALUES ('failed')")
    found = read(url, read_resources)
    assert found is not None
    assert (found.by_status["failed"], found.without_embedding) == (1.0, None)


def test_vectors_are_counted_by_model_and_the_newest_counts(file: str) -> None:
    def row(vector: str | None, model: str | None, day: int) -> dict[str, Any]:
        moment = ago(0).replace(year=2030, month=1, day=day, hour=0, minute=0, second=0, microsecond=0)
        return {
            "sparse_embedding": vector, "sparse_embedding_model": model,
            "sparse_embedding_updated_at": moment,
        }  # fmt: skip

    insert(
        file,
        RESOURCES,
        [row('{"1": 1}', "m", 1), row('{"1": 1}', None, 2), row("{}", "m", 3), row("", "m", 9)],
    )
    found = read(file, read_embedding_coverage)
    assert found is not None
    assert found.by_state == {"with": 2.0, "without": 1.0, "empty": 1.0}
    assert found.by_model == {"m": 1.0, "unknown": 1.0}
    assert found.last == 1893628800.0  # of a vector without terms, but not of a row without a vector


def test_the_newest_vectors_of_the_most_used_models_are_audited(file: str) -> None:
    rows = [
        {
            "sparse_embedding": f'{{"{number % 7}": 0.5}}', "sparse_embedding_model": model,
            "title": f"{model} {number}", "sparse_embedding_updated_at": ago(number),
        }
        for model, count in (("often", 5), ("seldom", 3), ("once", 1))
        for number in range(count)
    ]  # fmt: skip
    insert(file, RESOURCES, rows)
    audits = read(file, lambda connection: read_embedding_audits(connection, 4, 2, {"often": 3}))
    assert audits == (EmbeddingAudit("often", 4, 1, 1, 0, 0), EmbeddingAudit("seldom", 3, 0, 0, 0, 0))
    assert read(file, lambda connection: read_embedding_audits(connection, 0, 2, {})) == ()


def test_a_table_that_is_hidden_or_denied_is_an_error_and_one_without_the_columns_is_none() -> None:
    schema = Schema(
        columns_by_table([("users", "id", "INT"), ("users", "email", "TEXT"), ("odd", "id", "INT")]),
        "reader",
        frozenset({("users", "email")}),
        {"resources": "database hides resources"},
    )
    assert schema.tables == {"users": {"id": "int", "email": "text"}}
    assert schema.has("users", "id")
    assert not schema.has("users", "age")
    assert not schema.has("odd", "id")
    with pytest.raises(RequestFailed, match=r"GRANT SELECT \(id, email\) ON users TO reader"):
        schema.has("users", "id", "email")
    with pytest.raises(RequestFailed, match="database hides resources"):
        schema.has("resources", "id")
