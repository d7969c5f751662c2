"""PostgreSQL's settings: those that dashboards draw beside what they limit, and on request all others."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.collectors import postgresql_setting_names
from exporter.metrics import Gauge
from exporter.sources import Sources

WITH_THE_SESSIONS = ("max_connections", "superuser_reserved_connections")
NAMES = (
    "autovacuum", "autovacuum_freeze_max_age", "autovacuum_max_workers",
    "autovacuum_multixact_freeze_max_age", "checkpoint_completion_target", "checkpoint_timeout_seconds",
    "effective_cache_size_bytes", "effective_io_concurrency", "fsync", "full_page_writes",
    "maintenance_work_mem_bytes", "max_parallel_workers", "max_replication_slots", "max_wal_senders",
    "max_wal_size_bytes", "max_worker_processes", "min_wal_size_bytes", "random_page_cost",
    "seq_page_cost", "shared_buffers_bytes", "track_io_timing", "wal_buffers_bytes", "work_mem_bytes",
)  # fmt: skip
BY_NAME = {name: Gauge(f"pg_settings_{name}", "Setting of the server.") for name in NAMES}
SETTINGS = tuple(BY_NAME.values())
# the server's version and its extensions decide what is there
OTHER_SETTINGS = tuple(
    Gauge(f"pg_settings_{name}", "Setting of the server.") for name in postgresql_setting_names.NAMES
)


async def read_settings(sources: Sources) -> Iterable[Metric]:
    """The settings of these names, as far as the server has them."""
    found = await sources.database.server_settings.get()
    return [BY_NAME[it.name].single(it.value) for it in found if it.name in BY_NAME]


async def read_other_settings(sources: Sources) -> Iterable[Metric]:
    """All others, with the server's own descriptions."""
    known = {*BY_NAME, *WITH_THE_SESSIONS}
    found = await sources.database.server_settings.get()
    return [
        Gauge(f"pg_settings_{it.name}", it.about).single(it.value) for it in found if it.name not in known
    ]
