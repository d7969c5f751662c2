"""A Redis server: INFO, commands and errors, slow log and latency spikes.

The functions that read take a server of `Sources`: the cache's, or the broker's where that is another one.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.collector import Part
from exporter.collectors.redis_commands import (
    COMMAND_METRICS,
    LATENCIES_METRICS,
    command_families,
    latency_histograms,
)
from exporter.collectors.redis_replication import REPLICATION_METRICS, replication_families
from exporter.collectors.redis_server_fields import DETAILS, FIELDS, InfoField
from exporter.metrics import Gauge, Info, Row, first_rows
from exporter.sources import Sources
from exporter.sources.json_object import JsonObject
from exporter.sources.redis_server import RedisServerInfo, RedisServerSource, SlowLog

# the server of a collector; raises NotConfigured where it has none of its own
FindServer = Callable[[Sources], Awaitable[RedisServerSource]]

INSTANCE = Info(
    "redis_instance_info",
    "Role, version, mode, operating system and eviction policy of the server.",
    (
        "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port",
        "run_id", "process_id",
    ),
)  # fmt: skip
STARTED = Gauge("redis_start_time_seconds", "Start time of the server (Unix time).")
KEYS = Gauge("redis_db_keys", "Keys in the database.", ("db",))
EXPIRING = Gauge("redis_db_keys_expiring", "Keys in the database with a TTL.", ("db",))
TTL = Gauge(
    "redis_db_avg_ttl_seconds",
    "Mean remaining TTL of the keys in the database.",
    ("db",),
)
BGSAVE = Gauge("redis_rdb_last_bgsave_status", "Whether the last RDB snapshot succeeded.")
AOF_WRITE = Gauge("redis_aof_last_write_status", "Whether the last write to the AOF succeeded.")
AOF_REWRITE = Gauge("redis_aof_last_bgrewrite_status", "Whether the last rewrite of the AOF succeeded.")
STATUS_FIELDS = ((BGSAVE, "rdb_last_bgsave_status", "ok"), (AOF_WRITE, "aof_last_write_status", "ok"),
    (AOF_REWRITE, "aof_last_bgrewrite_status", "ok"))  # fmt: skip
SERVER_METRICS = (
    INSTANCE, STARTED, KEYS, EXPIRING, TTL, BGSAVE, AOF_WRITE, AOF_REWRITE,
    *COMMAND_METRICS, *REPLICATION_METRICS, *(f.metric for f in FIELDS),
)  # fmt: skip
DETAIL_METRICS = (*(field.metric for field in DETAILS), KEYS, EXPIRING)
MAX_DATABASES = 64  # on the page
DATABASES = 16  # of a server by default; CONFIG, which would tell, may be refused


def server_families(server: RedisServerInfo, limit: int) -> Iterable[Metric]:
    """All of INFO; texts have at most `limit` characters."""
    info = server.info
    return (
        INSTANCE.info(*(sanitize_label(str(info.at(name) or ""), limit) for name in INSTANCE.labels)),
        STARTED.single(start_time(info)),
        *keyspace_families(info),
        *(metric.single(word_as_flag(info.text(name), well)) for metric, name, well in STATUS_FIELDS),
        *command_families(info),
        *replication_families(info, limit),
        *(field.metric.single(field_value(info, field)) for field in FIELDS),
    )


def detail_families(server: RedisServerInfo) -> Iterable[Metric]:
    """The fields of INFO that few ask for, and 0 keys for each empty database."""
    info = server.info
    empty = empty_databases(info)
    return [
        *(field.metric.single(field_value(info, field)) for field in DETAILS),
        *(metric.family((name, 0.0) for name in empty) for metric in (KEYS, EXPIRING)),
    ]


def start_time(info: JsonObject) -> float | None:
    """When the server started, to the second, by its own clock."""
    now, uptime = info.number("server_time_usec"), info.number("uptime_in_seconds")
    return None if now is None or uptime is None else now // 1_000_000 - uptime


def keyspace_families(info: JsonObject) -> Iterator[Metric]:
    """The keys of each database that has any."""
    names = [f"db{number}" for number in filled_databases(info)]
    yield KEYS.family((name, info.number(name, "keys") or 0.0) for name in names)
    yield EXPIRING.family((name, info.number(name, "expires") or 0.0) for name in names)
    # the server reports 0 for a mean that it has not computed yet
    yield TTL.family((name, scale(info.number(name, "avg_ttl") or None, 0.001)) for name in names)


def filled_databases(info: JsonObject) -> list[int]:
    """The numbers of the databases that have keys."""
    return [number for number in range(MAX_DATABASES) if isinstance(info.at(f"db{number}"), dict)]


def empty_databases(info: JsonObject) -> list[str]:
    """The databases that INFO leaves out, since they have no keys; a node of a cluster has one database."""
    usual, filled = 1 if info.number("cluster_enabled") else DATABASES, filled_databases(info)
    return [f"db{number}" for number in range(max([usual - 1, *filled]) + 1) if number not in filled]


def word_as_flag(word: str | None, well: str) -> float | None:
    """1 for the server's word for success, 0 for any other."""
    return None if word is None else float(word == well)


def field_value(info: JsonObject, field: InfoField) -> float | None:
    """The field in the unit of its metric; -1, for what never happened, stays as redis_exporter has it."""
    return scale(info.number(field.name), field.scale)


def scale(value: float | None, scale: float) -> float | None:
    """The value in the unit of its metric."""
    return None if value is None else value * scale


SLOWLOG_LENGTH = Gauge("redis_slowlog_length", "Entries in the slow log.")
SLOWLOG_LAST_ID = Gauge("redis_slowlog_last_id", "Id of the newest slow log entry.")
SLOWLOG_LAST_DURATION = Gauge(
    "redis_last_slow_execution_duration_seconds", "Duration of the newest slow command."
)
SPIKE_TIME = Gauge("redis_latency_spike_last", "Unix time of the last latency spike.", ("event_name",))
SPIKE_DURATION = Gauge(
    "redis_latency_spike_duration_seconds", "Duration of the last latency spike.", ("event_name",)
)
SLOW_METRICS = (SLOWLOG_LENGTH, SLOWLOG_LAST_ID, SLOWLOG_LAST_DURATION, SPIKE_TIME, SPIKE_DURATION)
MAX_SPIKES = 32


def slow_families(slow: SlowLog) -> Iterable[Metric]:
    """The newest slow command and the last spike of each kind."""
    rows: list[Row] = [
        (sanitize_label(name, 64), at, seconds) for name, at, seconds in slow.spikes[:MAX_SPIKES]
    ]
    return (
        SLOWLOG_LENGTH.single(slow.count),
        SLOWLOG_LAST_ID.single(slow.newest),
        SLOWLOG_LAST_DURATION.single(slow.seconds),
        SPIKE_TIME.family(first_rows((name, at) for name, at, _ in rows)),
        SPIKE_DURATION.family(first_rows((name, seconds) for name, _, seconds in rows)),
    )


def server_parts(find: FindServer) -> tuple[Part, ...]:
    """The parts that read this server; details and the histograms, which are many, come on request only."""

    async def read_server(sources: Sources) -> Iterable[Metric]:
        server = await find(sources)
        return server_families(await server.info.get(), sources.settings.limits.label_length)

    async def read_details(sources: Sources) -> Iterable[Metric]:
        server = await find(sources)
        return detail_families(await server.info.get())

    async def read_slow(sources: Sources) -> Iterable[Metric]:
        server = await find(sources)
        return slow_families(await server.slow.get())

    async def read_latencies(sources: Sources) -> Iterable[Metric]:
        server = await find(sources)
        found, info = await server.latencies.get(), await server.info.get()
        return (latency_histograms(found, info.microseconds),)

    return (
        Part("server", read_server, SERVER_METRICS),
        Part("details", read_details, DETAIL_METRICS, on_request=True),
        Part("slow", read_slow, SLOW_METRICS),
        Part("latencies", read_latencies, LATENCIES_METRICS, on_request=True),
    )
