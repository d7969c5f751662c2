"""Every metric that is described is shown where there is something to show, and none is shown undescribed."""

import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.collectors import postgresql_fields
from exporter.collectors.anomalies import METRICS as ANOMALIES
from exporter.inventory import list_metrics
from tests.exporter.backend_double import BackendDouble
from tests.exporter.backend_tables import run
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.replay import replay
from tests.exporter.whole_system import ANSWERS, QUEUE, fill_database, send_tasks, watching_everything
from tests.servers.fixtures import StartCeleryWorker, started
from tests.servers.postgres_server import PostgresServer, plain
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

# what no system of this test can have, and why
ELSEWHERE = "test_postgresql.py has it"
NOT_HERE = {
    **{
        it.empty_family().name: "PostgreSQL 15 has no such view"
        for it in (postgresql_fields.CHECKPOINTER | postgresql_fields.CHECKPOINTER_DETAILS).values()
    },
    **{it.name: ELSEWHERE for it in postgresql_fields.VACUUMS.values()},
    **{it.name: ELSEWHERE for it in postgresql_fields.STANDBYS.values()},
    "pg_replication_last_replay_seconds": ELSEWHERE,
    "pg_replication_slot_slot_confirmed_flush_lsn": "nobody uses the slot",
    "pg_replication_slot_safe_wal_size_bytes": "max_slot_wal_keep_size is not set",
    "pg_stat_archiver_last_archive_age": "nothing was archived",
    "pg_stat_database_checksum_failures": "checksums are off",
    "pg_stat_database_checksum_last_failure": "checksums are off",
    **{it.name: "wants a Prometheus with a past, as test_anomalies.py has it" for it in ANOMALIES},
}
# names that promtool finds fault with, and that a peer gave them: its dashboards and rules ask for them
OF_PEERS = re.compile(
    r"redis_(aof|rdb)_\w+_duration_sec|redis_eviction_exceeded_time_ms_total|redis_key_group_count|redis_last_key_groups_\w+"
    r"|redis_(dump_payload_sanitizations|(total|unexpected)_error_replies)|redis_\w+_(reads|writes)_processed"
    r"|redis_(expired_time_cap_reached|migrate_cached_sockets)_total|celery_active_\w+_count"
    r"|pg_stat_(database|user_tables|user_indexes|statements|activity|archiver)_\w+|pg_statio_user_tables_\w+|pg_(locks|settings_tcp_keepalives)_count"
)
LAST = (  # what takes longest to be there
    *(f"celery_task_{end}_total" for end in ("succeeded", "failed", "rejected", "retried", "revoked")),
    "celery_task_runtime_count", "ops_task_results_failed", "ops_worker_pool_processes",
    "ops_queue_unacked_oldest_timestamp_seconds", "celery_active_consumer_count", "redis_key_size",
    "pg_stat_activity_max_tx_duration", "ops_workers_reported_workers",
)  # fmt: skip


@pytest.fixture
def pages(
    backend: BackendDouble,
    own_redis_server: RedisServer,
    postgres_server: PostgresServer,
    celery_worker: StartCeleryWorker,
    tmp_path: Path,
) -> list[Page]:
    """Pages of systems that together have everything: on PostgreSQL, on SQLite, a replica, checked models."""
    database = postgres_server.fresh_database()
    run(database, "SELECT pg_create_physical_replication_slot('of_everything', true)")
    with watching_everything(backend, own_redis_server, database) as exporter:
        environment = {"CELERY_BROKER_URL": own_redis_server.database(0)}
        celery_worker("tests.exporter.tasks_app", environment, "-Q", f"{QUEUE},repo_ingestion")
        send_tasks(own_redis_server)
        with psycopg.connect(plain(database)) as connection, psycopg.connect(plain(database)):
            connection.execute("SELECT 1")  # a transaction that stays open, beside an idle session
            whole = eventually(lambda: settled(exporter), within=90)
            on_request = exporter.page("cache.details", "cache.latencies", "cache.exporter", "postgresql")
            run(database, "SELECT pg_drop_replication_slot('of_everything')")
    replay(backend, ANSWERS / "models_checked")
    own = {"url": backend.url, "time_zone": "UTC"}
    with watching(backend=own, database={"url": sqlite_with_rows(tmp_path)}) as exporter:
        checked = eventually(lambda: with_checked_models(exporter), within=40)
    return [whole, on_request, checked, *pages_of_a_replica(own_redis_server, tmp_path)]


def settled(exporter: Watched) -> Page:
    """The page, once everything is there and every collector succeeds."""
    page = exporter.page()
    assert [name for name in LAST if not page.series(name)] == []
    assert [labels for labels, value in page.series("ops_collector_success") if not value] == []
    return page


def with_checked_models(exporter: Watched) -> Page:
    """The page, once the backend has told of its checks."""
    page = exporter.page()
    assert page.series("ops_model_errors_total")
    return page


def sqlite_with_rows(folder: Path) -> str:
    """The URL of a database in a file."""
    url = f"sqlite:///{folder / 'backend.db'}"
    fill_database(url)
    return url


def pages_of_a_replica(master: RedisServer, folder: Path) -> list[Page]:
    """The pages of exporters whose cache is a replica, and its master."""
    quick = {"fast_period": 0.05, "server_period": 0.2}
    with started(RedisServer(folder)) as replica, replica.client() as client:
        client.replicaof("127.0.0.1", str(master.port))
        with watching(redis={"url": replica.url, **quick}) as exporter:
            page = eventually(lambda: linked(exporter), within=40)
        with watching(redis={"url": master.url, **quick}) as exporter:
            return [page, eventually(lambda: led(exporter), within=40)]


def led(exporter: Watched) -> Page:
    """The page, once the master knows its replica."""
    page = exporter.page("cache.server")
    assert page.series("redis_connected_slave_lag_seconds")
    return page


def linked(exporter: Watched) -> Page:
    """The page, once the replica has its master's data."""
    page = exporter.page("cache")
    assert page.value("redis_master_link_up") == 1
    return page


@pytest.mark.timeout(300)  # every server there is, and what each takes to be seen on a busy machine
def test_described_and_shown_are_the_same(pages: list[Page]) -> None:
    described = {entry.metric.empty_family().name for entry in list_metrics()}
    seen = {name for page in pages for name in families(page)}
    assert sorted(seen - described) == [], "shown, but not described"
    assert sorted(described - seen - NOT_HERE.keys()) == [], "described, but not shown"
    assert sorted(seen & NOT_HERE.keys()) == [], "shown after all"
    for page in pages:
        assert promtool(page) == ""


def families(page: Page) -> set[str]:
    """The names of the families that have series; a family without any is no more than a heading."""
    return {family.name for family in text_string_to_metric_families(page.text) if family.samples}


def promtool(page: Page) -> str:
    """What `promtool check metrics` finds fault with, but for names that a peer gave."""
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, capture_output=True, text=True, check=False
    )
    found = (checked.stdout + checked.stderr).splitlines()
    return "\n".join(line for line in found if not OF_PEERS.fullmatch(line.partition(" ")[0]))
