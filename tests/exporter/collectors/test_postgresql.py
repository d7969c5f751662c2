"""The PostgreSQL server under the names of postgres_exporter, compared with it on the same server."""

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from exporter.collectors.postgresql import SERVER, SERVER_DETAILS, families_of_views
from exporter.sources.database.server_views import BGWRITER, CHECKPOINTER
from exporter.sources.database.statement_texts import redact
from exporter.sources.database.views import ViewRow
from tests.exporter.backend_tables import create, run
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.whole_page import whole
from tests.peers.list_postgres_exporter import LIST, peer_page
from tests.peers.pages import Described, described
from tests.servers.fixtures import postgres_folder, started
from tests.servers.postgres_server import PostgresServer, as_postgres, binaries, plain
from tests.servers.waiting import eventually

FAST = {"fast_period": 0.05, "statistics_period": 0.1, "period": 0.2, "rows_period": 0.2}
DATABASE_PARTS = (
    "database.ping", "database.activity", "database.statistics", "database.locks", "database.tables",
    "database.sizes",
)  # fmt: skip
NEWEST = LIST.with_name("postgres_exporter_newest.json")
NOT_OURS = {"postgres_exporter_build_info": "tells of the peer's own program"}
# what this server has only while something happens that the tests below bring about, or not at all
NOT_NOW = {
    "pg_replication_last_replay_seconds": "the server is no replica",
    "pg_replication_slot_slot_confirmed_flush_lsn": "nobody uses the slot",
    "pg_replication_slot_safe_wal_size_bytes": "max_slot_wal_keep_size is not set",
    "pg_stat_archiver_last_archive_age": "nothing was archived",
    "pg_stat_database_checksum_failures": "checksums are off",
    "pg_stat_database_checksum_last_failure": "checksums are off",
}
# the peer counts its own sessions and locks, and its label `server` is our `instance`
SERVER_LABEL = "server"


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """A database with tables."""
    return create(postgres_server.fresh_database())


@pytest.fixture
def exporter(url: str) -> Iterator[Watched]:
    """An exporter that watches it."""
    with watching(database={"url": url, **FAST}) as running:
        yield running


@contextmanager
def slot(url: str) -> Iterator[None]:
    """A replication slot that keeps WAL."""
    run(url, "SELECT pg_create_physical_replication_slot('kept', true)")
    try:
        yield
    finally:
        run(url, "SELECT pg_drop_replication_slot('kept')")


def job_page(exporter: Watched) -> Page:
    """The page of the scrape job that replaces the peer's."""
    whole(exporter, *DATABASE_PARTS, "postgresql")
    return exporter.page("postgres")


def page_with_slot(exporter: Watched) -> Page:
    """The same once it shows the slot: the server may have been read just before the slot was made."""

    def page() -> Page:
        found = job_page(exporter)
        assert found.series("pg_replication_slot_slot_is_active")
        return found

    return eventually(page)


def without_server(found: Described) -> Described:
    """The families without the label that we do not have."""
    return {
        name: {"type": it["type"], "labels": [label for label in it["labels"] if label != SERVER_LABEL]}  # type: ignore[attr-defined]
        for name, it in found.items()
    }


def test_names_types_and_labels_are_those_of_the_peer(url: str, exporter: Watched) -> None:
    with slot(url):
        peers = described(peer_page(url))
        ours = described(page_with_slot(exporter).text)
    listed = json.loads(LIST.read_text())
    assert peers.keys() == listed.keys(), "tests/peers/postgres_exporter.json is out of date"
    for name, peer in without_server(listed).items():
        if name in ours:
            assert ours[name]["type"] == peer["type"], name
            assert set(peer["labels"]) <= set(ours[name]["labels"]), name  # type: ignore[call-overload]
    assert sorted(listed.keys() - ours.keys() - NOT_NOW.keys()) == sorted(NOT_OURS)


def test_the_newest_peers_default_names_are_there(url: str, exporter: Watched) -> None:
    newest: Described = json.loads(NEWEST.read_text())
    with slot(url):
        ours = described(page_with_slot(exporter).text)
    # running vacuums and standbys have tests of their own
    seen_elsewhere = {
        it for it in newest if it.startswith(("pg_stat_progress_vacuum", "pg_stat_replication"))
    }
    assert {name for name in newest if name in ours and ours[name] != newest[name]} == set()
    assert sorted(newest.keys() - ours.keys() - NOT_NOW.keys() - seen_elsewhere) == sorted(NOT_OURS)


def test_values_are_those_of_the_peer(url: str, exporter: Watched) -> None:
    run(url, "INSERT INTO users (id) SELECT i FROM generate_series(1, 50) i", "VACUUM ANALYZE users")
    run(url, "CHECKPOINT")
    steady = (
        "pg_stat_bgwriter_checkpoints_req_total", "pg_stat_bgwriter_stats_reset_total",
        "pg_stat_archiver_archived_count", "pg_stat_database_tup_inserted", "pg_stat_database_deadlocks",
        "pg_stat_database_conflicts_confl_lock", "pg_settings_max_wal_size_bytes", "pg_static",
        "pg_settings_autovacuum_naptime_seconds", "pg_stat_database_sessions_killed",
    )  # fmt: skip
    peer, ours = Page(peer_page(url), 0.0), job_page(exporter)
    own = url.rpartition("/")[2]
    for name in steady:
        values = {labels.get("datname", own): value for labels, value in peer.series(name)}
        for labels, value in ours.series(name):
            assert value == pytest.approx(values[labels.get("datname", own)]), name
    table = {"datname": own, "relname": "users"}
    assert ours.value("pg_stat_user_tables_n_tup_ins", **table) == 50
    assert ours.value("pg_stat_user_tables_vacuum_count", **table) == 1
    assert ours.value("pg_stat_user_tables_last_autovacuum", **table) == 0
    assert (ours.value("pg_stat_user_tables_last_analyze", **table) or 0) > 1e9


def test_the_whole_page_has_only_what_is_short(exporter: Watched) -> None:
    page = job_page(exporter)
    everything = exporter.page()
    limits = [it for it in everything.names() if it.startswith("pg_settings_")]
    assert len(limits) == 6
    states = [labels["state"] for labels, _ in everything.series("pg_stat_activity_count")]
    assert len(set(states)) == 6
    assert len(everything.series("pg_stat_activity_max_tx_duration")) < len(states)
    assert len(page.series("pg_stat_activity_max_tx_duration")) >= len(states)
    assert len([it for it in page.names() if it.startswith("pg_settings_")]) > 250
    assert (
        everything.value("pg_replication_is_replica") == everything.value("pg_replication_lag_seconds") == 0
    )
    for newer, earlier in (
        ("pg_stat_user_indexes_idx_scans_total", "pg_stat_user_indexes_idx_scan"),
        ("pg_statio_user_tables_toast_blocks_hit", "pg_statio_user_tables_toast_blks_hit"),
    ):
        assert not everything.series(newer)
        assert not everything.series(earlier)
        assert page.series(newer)
        assert page.series(newer) == page.series(earlier)
    assert page.value("pg_replication_lag") == 0


def test_indexes_that_nothing_needs(url: str) -> None:
    run(
        url,
        "CREATE INDEX idle ON users (username)",
        "CREATE INDEX busy ON annotations (created_at)",
        "INSERT INTO annotations (id) VALUES (1)",
        "SET enable_seqscan = off; SELECT * FROM annotations WHERE created_at IS NULL",
    )
    with watching(database={"url": url, **FAST, "indexes": 2, "tables": 3}) as exporter:
        page = eventually(lambda: unused(exporter))
    assert page.value("ops_database_unused_index_size_bytes", indexrelname="idle") == 8192
    assert page.value("ops_database_unlisted_relations", kind="index") == 8
    assert page.value("ops_database_unlisted_relations", kind="table") == 5


def unused(exporter: Watched) -> Page:
    """The page, once the server has counted the scan: primary keys and used indexes are not in it."""
    page = whole(exporter, "postgresql.unused")
    found = {labels["indexrelname"] for labels, _ in page.series("ops_database_unused_index_size_bytes")}
    assert found == {"idle"}
    return page


def test_idle_sessions_and_a_running_vacuum(url: str, exporter: Watched) -> None:
    run(url, "INSERT INTO users (id) SELECT i FROM generate_series(1, 30000) i", "DELETE FROM users")
    with (
        psycopg.connect(plain(url), autocommit=True, application_name="idler"),
        psycopg.connect(plain(url), autocommit=True) as vacuuming,
        ThreadPoolExecutor(1) as thread,
    ):
        vacuuming.execute("SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1")
        vacuum = thread.submit(vacuuming.execute, "VACUUM users")
        page = eventually(lambda: with_vacuum(exporter), within=10)
        vacuuming.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            vacuum.result()
    assert page.value("pg_process_idle_seconds_count", application_name="idler") == 1
    assert page.value("pg_process_idle_seconds_bucket", application_name="idler", le="300.0") == 1
    assert page.value("pg_process_idle_seconds_count", application_name="watchroom-exporter") is None
    assert (page.value("pg_stat_progress_vacuum_heap_blks", relname="users") or 0) > 10
    assert (page.value("pg_stat_progress_vacuum_max_dead_tuples", relname="users") or 0) > 10


def with_vacuum(exporter: Watched) -> Page:
    """The page, once it shows the vacuum in one phase."""
    page = exporter.page("postgresql.processes")
    assert page.state("pg_stat_progress_vacuum_phase", label="phase", relname="users")
    return page


def test_what_a_role_may_not_see_is_missing(url: str, caplog: pytest.LogCaptureFixture) -> None:
    run(url, "DROP ROLE IF EXISTS half", "CREATE ROLE half LOGIN")
    with watching(database={"url": url.replace("watchroom@", "half@"), **FAST}) as exporter:
        page = eventually(lambda: refused(exporter))
        assert "pg_wal_size_bytes" not in page.names()
        assert not page.series("pg_process_idle_seconds_count")
        assert page.series("pg_stat_bgwriter_buffers_alloc_total")
        assert page.value("pg_exporter_last_scrape_error") == 0
        assert "GRANT pg_monitor TO half, or EXECUTE ON FUNCTION pg_ls_waldir()" in caplog.text
        run(url, "GRANT pg_monitor TO half")
        assert (whole(exporter, "postgresql.wal").value("pg_wal_size_bytes") or 0) > 0


def refused(exporter: Watched) -> Page:
    """The page, once both parts have been refused."""
    for part in ("postgresql.wal", "postgresql.standbys"):
        assert exporter.page(part).value("ops_collector_success", collector=part) == 0
    return exporter.page("postgresql")


def test_texts_of_statements_are_shown_where_it_is_set_and_have_no_values(url: str) -> None:
    run(url, "CREATE EXTENSION pg_stat_statements", "SELECT pg_stat_statements_reset()")
    run(url, "SELECT count(*) FROM users WHERE username = 'secret' AND 12 > 3 /* by secret */")
    run(url, "DROP ROLE IF EXISTS keeper", "CREATE ROLE keeper PASSWORD 'secret'")
    for length, seen in ((0, False), (80, True)):
        limits = {"statements": 100, "statement_text": length}
        with watching(database={"url": url, **FAST, **limits}) as exporter:
            page = whole(exporter, "database.statements")
        texts = [labels["query"] for labels, _ in page.series("pg_stat_statements_query_id")]
        assert any(it.startswith("SELECT count(*) FROM users WHERE") for it in texts) is seen
        assert "secret" not in page.text


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("SELECT  $1 FROM a1 -- x\nWHERE b = 'it''s' AND c > 4.5", "SELECT $1 FROM a1 WHERE b = ? AND c > ?"),
        ("SELECT E'a\\'b', x'ff', \"T 1\"", 'SELECT ?, ?, "T ?"'),
        ("SELECT 'cut off", "SELECT ?"),
        ("SELECT /* cut off", "SELECT"),
        ("SELECT $$secret$$", ""),
    ],
)
def test_values_and_comments_are_left_out_of_texts(words: str, shown: str) -> None:
    assert redact(words) == shown


def test_checkpoints_have_the_names_of_the_version(exporter: Watched) -> None:
    page = whole(exporter, "postgresql.server", "postgresql.server_details")
    assert page.series("pg_stat_bgwriter_checkpoints_req_total")
    assert page.series("pg_stat_bgwriter_checkpoint_write_time_total")
    assert not [name for name in page.names() if "checkpointer" in name], "PostgreSQL 15 has no such view"
    rows = {
        BGWRITER.name: (ViewRow((), {"buffers_clean": 1.0}),),
        CHECKPOINTER.name: (ViewRow((), {"num_timed": 2.0, "write_time": 3.0}),),
    }
    shown = (*families_of_views(rows, SERVER), *families_of_views(rows, SERVER_DETAILS))
    seen = {sample.name for family in shown for sample in family.samples}
    assert seen == {
        "pg_stat_bgwriter_buffers_clean_total", "pg_stat_checkpointer_num_timed_total",
        "pg_stat_checkpointer_write_time_total",
    }  # fmt: skip


class Standby(PostgresServer):
    """A server that replays the WAL of another."""

    def __init__(self, folder: Path, primary: PostgresServer) -> None:
        self._primary = primary
        super().__init__(folder)

    def _initialise(self, folder: Path, encoding: str) -> None:  # noqa: ARG002  (its primary's)
        folder.chmod(0o777)
        command = [str(binaries() / "pg_basebackup"), "-d", plain(self._primary.url), "-D", str(self._data)]
        subprocess.run([*as_postgres(), *command, "-R", "-c", "fast", "--no-sync"], check=True, cwd=folder)


def test_a_standby_and_its_primary(own_postgres_server: PostgresServer) -> None:
    with postgres_folder() as folder, started(Standby(folder, own_postgres_server)) as standby:
        with watching(database={"url": own_postgres_server.url, **FAST}) as exporter:
            page = eventually(lambda: streaming(exporter), within=10)
        with watching(database={"url": standby.url, **FAST}) as exporter:
            replica = whole(exporter, "postgresql.server", "postgresql.server_details", "postgresql.wal")
    assert page.value("pg_stat_replication_pg_wal_lsn_diff", state="streaming") is not None
    assert page.value("pg_replication_is_replica") == page.value("pg_replication_lag_seconds") == 0
    assert replica.value("pg_replication_is_replica") == 1
    assert (replica.value("pg_replication_lag_seconds") or 0) < 60
    assert (replica.value("pg_wal_size_bytes") or 0) > 0


def streaming(exporter: Watched) -> Page:
    """The page, once the standby streams."""
    page = whole(exporter, "postgresql")
    assert page.series("pg_stat_replication_reply_time", state="streaming")
    return page
