"""The cache server about itself: INFO, its slow log and its latency spikes."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.bounds import label
from exporter.collectors.cache import server_commands
from exporter.collectors.cache.server_fields import FIELDS, InfoField
from exporter.metrics import Gauge, Info
from exporter.sources import Sources
from exporter.sources.document import Document

INSTANCE = Info(
    "redis_instance_info",
    "What the server is.",
    ("role", "redis_version", "redis_mode", "os", "maxmemory_policy"),
)
STARTED = Gauge("redis_start_time_seconds", "Unix time at which the server started.")
MEMORY_RATIO = Gauge(
    "ops_cache_memory_use_ratio", "Memory in use as a share of the limit; none where there is no limit."
)
KEYS = Gauge("redis_db_keys", "Keys in the database.", ("db",))
EXPIRING = Gauge("redis_db_keys_expiring", "Keys in the database that have an end.", ("db",))
TTL = Gauge(
    "redis_db_avg_ttl_seconds",
    "Mean time that is left to the keys of the database that have an end.",
    ("db",),
)
BGSAVE = Gauge("redis_rdb_last_bgsave_status", "Whether the last snapshot was written.")
AOF_WRITE = Gauge("redis_aof_last_write_status", "Whether the last write to the log file went well.")
AOF_REWRITE = Gauge("redis_aof_last_bgrewrite_status", "Whether the last rewrite of the log file went well.")
MASTER_LINK = Gauge("redis_master_link_up", "Whether this replica is connected to its master.")
STATUS_FIELDS = ((BGSAVE, "rdb_last_bgsave_status", "ok"), (AOF_WRITE, "aof_last_write_status", "ok"),
    (AOF_REWRITE, "aof_last_bgrewrite_status", "ok"), (MASTER_LINK, "master_link_status", "up"))  # fmt: skip
SERVER_METRICS = (
    INSTANCE, STARTED, MEMORY_RATIO, KEYS, EXPIRING, TTL, BGSAVE, AOF_WRITE, AOF_REWRITE, MASTER_LINK,
    *server_commands.COMMAND_METRICS, *(f.metric for f in FIELDS),
)  # fmt: skip
MAX_DATABASES = 64  # that are shown; a server has 16 unless told otherwise


async def read_server(sources: Sources) -> Iterable[Metric]:
    """Everything that INFO tells, without CONFIG, which the server may refuse."""
    server = await sources.cache.server.answer()
    info, limit = server.info, sources.settings.limits.label_length
    return (
        INSTANCE.facts(*(label(str(info.at(name) or ""), limit) for name in INSTANCE.labels)),
        STARTED.one(start_time(info)),
        MEMORY_RATIO.one(memory_ratio(info)),
        *keyspace_families(info),
        *(metric.one(word_as_flag(info.text(name), well)) for metric, name, well in STATUS_FIELDS),
        *server_commands.command_families(info),
        *(field.metric.one(field_value(info, field)) for field in FIELDS),
    )


def start_time(info: Document) -> float | None:
    """When the server started, to the second, by its own clock."""
    now, uptime = info.number("server_time_usec"), info.number("uptime_in_seconds")
    return None if now is None or uptime is None else now // 1_000_000 - uptime


def memory_ratio(info: Document) -> float | None:
    """Memory in use over the limit; a limit of 0 is none."""
    used, limit = info.number("used_memory"), info.number("maxmemory")
    return used / limit if limit and used is not None else None


def keyspace_families(info: Document) -> Iterator[Metric]:
    """The keys of each database that holds any."""
    names = [f"db{number}" for number in range(MAX_DATABASES) if isinstance(info.at(f"db{number}"), dict)]
    yield KEYS.of((name, info.number(name, "keys")) for name in names)
    yield EXPIRING.of((name, info.number(name, "expires")) for name in names)
    # 0 is the server's word for a mean that it has not worked out yet
    yield TTL.of((name, scale(info.number(name, "avg_ttl") or None, 0.001)) for name in names)


def word_as_flag(word: str | None, well: str) -> float | None:
    """1 where the server's word is the good one, 0 where it is another."""
    return None if word is None else float(word == well)


def field_value(info: Document, field: InfoField) -> float | None:
    """The field in the unit of its metric; -1 is the server's word for something that never was."""
    value = info.number(field.name)
    return None if value is None or value == -1 else value * field.scale


def scale(value: float | None, scale: float) -> float | None:
    """The value in the unit of its metric."""
    return None if value is None else value * scale
