"""The cache server: INFO, commands and errors, slow log and latency spikes."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.collectors.cache_server_fields import FIELDS, InfoField
from exporter.collectors.redis_replication import REPLICATION_METRICS, replication_families
from exporter.metrics import Counter, Gauge, Info, Row, Summary, SummaryData, first_rows
from exporter.sources import Sources
from exporter.sources.json_object import JsonObject

CALLS = Counter("redis_commands_total", "Calls of the command.", ("cmd",))
SECONDS = Counter("redis_commands_duration_seconds_total", "Time spent in the command.", ("cmd",))
REJECTED = Counter(
    "redis_commands_rejected_calls_total", "Calls of the command that were rejected before it ran.", ("cmd",)
)
FAILED = Counter(
    "redis_commands_failed_calls_total", "Calls of the command that ended in an error.", ("cmd",)
)
LATENCY = Summary(
    "redis_latency_percentiles_usec",
    "Duration of one call in microseconds, as the server computes it.",
    ("cmd",),
)
ERRORS = Counter("redis_errors_total", "Error replies of the server, by their first word.", ("err",))
COMMAND_METRICS = (CALLS, SECONDS, REJECTED, FAILED, LATENCY, ERRORS)
MAX_COMMANDS = 100  # the server's commands are finite, but modules may add some
MAX_ERROR_WORDS = 30  # scripts may make up error words


def command_families(info: JsonObject) -> Iterator[Metric]:
    """The families by command and by error."""
    stats = objects_by_prefix(info, "cmdstat_", MAX_COMMANDS)
    yield CALLS.family((cmd, one.number("calls")) for cmd, one in stats.items())
    yield SECONDS.family((cmd, command_seconds(one)) for cmd, one in stats.items())
    yield REJECTED.family((cmd, one.number("rejected_calls")) for cmd, one in stats.items())
    yield FAILED.family((cmd, one.number("failed_calls")) for cmd, one in stats.items())
    yield LATENCY.family(latency_summaries(info, stats))
    yield ERRORS.family(
        (err, one.number("count"))
        for err, one in objects_by_prefix(info, "errorstat_", MAX_ERROR_WORDS).items()
    )


def objects_by_prefix(info: JsonObject, prefix: str, most: int) -> dict[str, JsonObject]:
    """The objects whose names begin so, without that beginning; the first in the order of the alphabet."""
    names = sorted(name for name in info.keys() if name.startswith(prefix))[:most]  # noqa: SIM118  (no dict)
    return {sanitize_label(name.removeprefix(prefix), 64): info.object(name) for name in names}


def command_seconds(stats: JsonObject) -> float | None:
    """The time spent in a command, in seconds."""
    spent = stats.number("usec")
    return None if spent is None else spent / 1e6


def latency_summaries(
    info: JsonObject, stats: dict[str, JsonObject]
) -> Iterable[tuple[tuple[str], SummaryData]]:
    """The summary of each command that has one: its quantiles, with sum and count from its statistics."""
    for cmd, percentiles in objects_by_prefix(info, "latency_percentiles_usec_", MAX_COMMANDS).items():
        counted = stats.get(cmd, JsonObject({}, cmd))
        values = {round(float(name[1:]) / 100, 6): value for name, value in percentiles.numbers().items()}
        yield (cmd,), SummaryData(dict(values), counted.number("usec"), counted.number("calls"))


INSTANCE = Info(
    "redis_instance_info",
    "Role, version, mode, operating system and eviction policy of the server.",
    (
        "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port",
        "run_id", "process_id",
    ),
)  # fmt: skip
STARTED = Gauge("redis_start_time_seconds", "Start time of the server (Unix time).")
MEMORY_RATIO = Gauge(
    "ops_cache_memory_use_ratio", "Memory in use as a share of the limit; absent without a limit."
)
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
    INSTANCE, STARTED, MEMORY_RATIO, KEYS, EXPIRING, TTL, BGSAVE, AOF_WRITE, AOF_REWRITE,
    *COMMAND_METRICS, *REPLICATION_METRICS, *(f.metric for f in FIELDS),
)  # fmt: skip
MAX_DATABASES = 64  # on the page; a server has 16 by default


async def read_server(sources: Sources) -> Iterable[Metric]:
    """All of INFO. CONFIG is not needed, which the server may refuse."""
    server = await sources.cache.server.get()
    info, limit = server.info, sources.settings.limits.label_length
    return (
        INSTANCE.info(*(sanitize_label(str(info.at(name) or ""), limit) for name in INSTANCE.labels)),
        STARTED.single(start_time(info)),
        MEMORY_RATIO.single(memory_ratio(info)),
        *keyspace_families(info),
        *(metric.single(word_as_flag(info.text(name), well)) for metric, name, well in STATUS_FIELDS),
        *command_families(info),
        *replication_families(info, limit),
        *(field.metric.single(field_value(info, field)) for field in FIELDS),
    )


def start_time(info: JsonObject) -> float | None:
    """When the server started, to the second, by its own clock."""
    now, uptime = info.number("server_time_usec"), info.number("uptime_in_seconds")
    return None if now is None or uptime is None else now // 1_000_000 - uptime


def memory_ratio(info: JsonObject) -> float | None:
    """Memory in use over the limit; a limit of 0 is none."""
    used, limit = info.number("used_memory"), info.number("maxmemory")
    return used / limit if limit and used is not None else None


def keyspace_families(info: JsonObject) -> Iterator[Metric]:
    """The keys of each database that holds any."""
    names = [f"db{number}" for number in range(MAX_DATABASES) if isinstance(info.at(f"db{number}"), dict)]
    yield KEYS.family((name, info.number(name, "keys")) for name in names)
    yield EXPIRING.family((name, info.number(name, "expires")) for name in names)
    # the server reports 0 for a mean that it has not computed yet
    yield TTL.family((name, scale(info.number(name, "avg_ttl") or None, 0.001)) for name in names)


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


async def read_slow(sources: Sources) -> Iterable[Metric]:
    """The newest slow command and the last spike of each kind."""
    slow = await sources.cache.slow.get()
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
