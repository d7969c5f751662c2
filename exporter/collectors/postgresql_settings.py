"""PostgreSQL's settings: those that dashboards draw beside what they limit, and on request all others."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.collectors import postgresql_setting_names
from exporter.metrics import Gauge
from exporter.sources import Sources

WITH_THE_SESSIONS = ("max_connections", "superuser_reserved_connections")
NAMES = (
    "autovacuum_freeze_max_age", "autovacuum_multixact_freeze_max_age", "max_wal_size_bytes",
    "min_wal_size_bytes",
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
