"""Times are read in UTC, whatever zone the server, the session or the column is in."""

import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.exporter.backend_tables import (
    INTERACTIONS,
    RESOURCES,
    VERSIONS,
    ago,
    create,
    insert,
    run,
    sqlite_url,
)
from tests.exporter.exporter_page import Page, watching
from tests.exporter.whole_page import whole
from tests.servers.postgres_server import PostgresServer

HOUR = 1 / 24
VECTOR = {"sparse_embedding": '{"1": 0.5}', "sparse_embedding_model": "m"}
TIMES = (
    ("resources", "created_at"), ("resources", "sparse_embedding_updated_at"),
    ("model_versions", "created_at"), ("user_interactions", "interaction_timestamp"),
)  # fmt: skip


def fill(url: str) -> None:
    """Rows half an hour within a day, and half an hour beyond it."""
    for age in (1 - HOUR / 2, 1 + HOUR / 2):
        insert(url, RESOURCES, [{"created_at": ago(age), "sparse_embedding_updated_at": ago(age), **VECTOR}])
        insert(
            url,
            INTERACTIONS,
            [{"user_id": f"{age}", "interaction_type": "view", "interaction_timestamp": ago(age)}],
        )
    insert(url, VERSIONS, [{"model_name": "m", "metrics": {"precision": 0.5}, "created_at": ago(1)}])


def read(url: str) -> Page:
    """All that tells of times."""
    with watching(
        database={"url": url, "rows_period": 0.2, "period": 0.2}, backend={"url": "http://127.0.0.1:9"}
    ) as exporter:
        return whole(exporter, "engagement.created", "sparse_embeddings.coverage", "engagement.users")


def check(page: Page) -> None:
    """What was put there is found at its time."""
    assert page.value("ops_engagement_created", object="resources", window="1d") == 1
    assert page.value("ops_engagement_created", object="resources", window="7d") == 2
    assert page.value("ops_engagement_active_users", window="1d") == 1
    last = page.value("ops_sparse_embeddings_last_generation_timestamp_seconds")
    assert last == pytest.approx(time.time() - 86_400 * (1 - HOUR / 2), abs=60)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("column", ["timestamp", "timestamptz"])
def test_any_zone_of_the_server(postgres_server: PostgresServer, zone: str, column: str) -> None:
    url = create(postgres_server.fresh_database())
    fill(url)
    name = url.rpartition("/")[2]
    for table, at in TIMES:
        using = f" USING {at} AT TIME ZONE 'UTC'" if column == "timestamptz" else ""
        run(url, f"ALTER TABLE {table} ALTER {at} TYPE {column}{using}")
    run(url, f"ALTER DATABASE {name} SET timezone = '{zone}'")
    check(read(url))


@pytest.mark.parametrize("hours", [9, -8])
@pytest.mark.parametrize("separator", [" ", "T"])
def test_text_with_an_offset_in_sqlite(tmp_path: Path, hours: int, separator: str) -> None:
    url = create(sqlite_url(tmp_path))
    fill(url)
    zone = timezone(timedelta(hours=hours))
    for table, at in TIMES:
        for days in (1 - HOUR / 2, 1 + HOUR / 2):
            moment = ago(days).replace(tzinfo=UTC)
            near = f"abs(julianday({at}) - julianday('{ago(days)}')) < 0.01"
            run(
                url,
                f"UPDATE {table} SET {at} = '{moment.astimezone(zone).isoformat(separator)}' WHERE {near}",  # noqa: S608
            )
    check(read(url))


def test_text_without_an_offset_is_utc(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    fill(url)
    check(read(url))


def test_text_that_is_no_time_costs_only_its_own_row(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    fill(url)
    insert(url, RESOURCES, [{"created_at": ago(0), **VECTOR}])
    newest = f"created_at > '{datetime.now(UTC) - timedelta(hours=1)}'"
    times = "created_at = 'yesterday', sparse_embedding_updated_at = 'soon'"
    run(url, f"UPDATE resources SET {times} WHERE {newest}")  # noqa: S608
    check(read(url))


def test_a_time_that_no_datetime_holds_costs_only_its_own_row(postgres_server: PostgresServer) -> None:
    url = create(postgres_server.fresh_database())
    insert(url, RESOURCES, [{"created_at": ago(0.1), **VECTOR}])
    run(url, "UPDATE resources SET sparse_embedding_updated_at = 'infinity'")
    page = read(url)
    assert page.value("ops_engagement_created", object="resources", window="1d") == 1
    assert page.value("ops_sparse_embeddings_resources", state="with") == 1
