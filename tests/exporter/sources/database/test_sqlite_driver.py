"""A SQLite database, seen through a read-only connection of the exporter's own."""

import sqlite3
from pathlib import Path

import pytest

from exporter.settings_load import SettingsError, load_settings
from tests.exporter.backend_tables import ANNOTATIONS, RESOURCES, create, insert, run, sqlite_url
from tests.exporter.exporter_page import watching
from tests.exporter.whole_page import whole
from tests.servers.waiting import eventually


def test_it_is_up_and_measured(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    with watching(database={"url": url}) as exporter:
        page = exporter.page("database.ping")
    assert page.value("ops_database_up") == 1
    assert page.value("ops_database_info", dialect="sqlite") == 1
    assert 0 < (page.value("ops_database_ping_seconds") or 0) < 0.5
    assert page.value("pg_up") is None


def test_without_a_database_nothing_is_said() -> None:
    with watching() as exporter:
        page = exporter.page("database.ping", "database.tables", "sparse_embeddings")
    series = [line.partition("{")[0] for line in page.text.splitlines() if not line.startswith("#")]
    assert series == ["ops_build_info"]


def test_a_missing_file_is_down_and_is_not_created(tmp_path: Path) -> None:
    with watching(database={"url": sqlite_url(tmp_path)}) as exporter:
        page = exporter.page("database.ping")
    assert page.value("ops_database_up") == 0
    assert page.value("ops_database_ping_seconds") is None
    assert not (tmp_path / "backend.db").exists()


def test_a_file_that_is_no_database_is_down(tmp_path: Path) -> None:
    (tmp_path / "backend.db").write_text("no database, only words " * 100)
    with watching(database={"url": sqlite_url(tmp_path)}) as exporter:
        assert exporter.page("database.ping").value("ops_database_up") == 0


def test_a_locked_file_is_down_until_it_is_let_go(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    fast = {"url": url, "timeout": 0.2, "fast_period": 0.05}
    with (
        sqlite3.connect(tmp_path / "backend.db", isolation_level=None) as holder,
        watching(database=fast) as exporter,
    ):
        assert exporter.page("database.ping").value("ops_database_up") == 1
        holder.execute("BEGIN EXCLUSIVE")
        eventually(lambda: exporter.page("database.ping").value("ops_database_up") == 0)
        assert exporter.page("database.ping").seconds < 1
        holder.execute("COMMIT")
        assert eventually(lambda: exporter.page("database.ping").value("ops_database_up") == 1)
    holder.close()


def test_a_replaced_file_is_the_new_one(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    with watching(database={"url": url, "fast_period": 0.05}) as exporter:
        assert exporter.page("database.ping").value("ops_database_up") == 1
        (tmp_path / "backend.db").unlink()
        assert eventually(lambda: exporter.page("database.ping").value("ops_database_up") == 0)


def test_rows_are_counted_and_bytes_are_those_of_the_file(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    run(url, 'CREATE TABLE "odd ""name"":x" (a)', 'INSERT INTO "odd ""name"":x" VALUES (1), (2)')
    insert(url, RESOURCES, [{} for _ in range(7)])
    with watching(database={"url": url}) as exporter:
        page = whole(exporter, "database.tables")
    assert page.value("ops_database_table_rows", table="resources") == 7
    assert page.value("ops_database_table_rows", table="annotations") == 0
    assert page.value("ops_database_table_rows", table='odd "name":x') == 2
    assert page.value("ops_database_size_bytes") == (tmp_path / "backend.db").stat().st_size
    assert (page.value("ops_database_table_size_bytes", table="resources") or 0) >= 4096


def test_no_more_tables_than_the_settings_say(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    with watching(database={"url": url, "tables": 3}) as exporter:
        assert len(whole(exporter, "database.tables").series("ops_database_table_rows")) == 3


def test_a_table_that_takes_too_long_costs_only_its_own_series(tmp_path: Path) -> None:
    url = create(sqlite_url(tmp_path))
    run(
        url,
        "CREATE TABLE big (a)",
        "INSERT INTO big WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"
        " SELECT i FROM n",
    )
    insert(url, ANNOTATIONS, [{}, {}])
    with watching(database={"url": url, "file_lock": 0.0002, "period": 0.05}) as exporter:

        def rows() -> dict[str, float]:
            found = whole(exporter, "database.tables").series("ops_database_table_rows")
            return {labels["table"]: value for labels, value in found}

        # whether one look is cut off in time depends on the machine, so several are taken
        assert eventually(lambda: "big" not in (seen := rows()) and seen["annotations"] == 2, within=10)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://root:hunter2@host/x", "database.url is a hidden value for another kind of database"),
        ("hunter2", "database.url is a hidden value that is no SQLAlchemy URL"),
        ("sqlite://", "database.url is a SQLite database in memory"),
    ],
)
def test_a_wrong_url_is_one_sentence_without_the_url(
    url: str, sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(sentence)
    assert "hunter2" not in str(caught.value)
