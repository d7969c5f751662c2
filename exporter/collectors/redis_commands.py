"""The commands of a Redis server: calls, errors, durations."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.metrics import Counter, Histogram, HistogramData, Summary, SummaryData
from exporter.sources.json_object import JsonObject
from exporter.sources.redis_server import CommandLatencies

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


LATENCIES = Histogram(
    "redis_commands_latencies_usec",
    "Duration of one call in microseconds, our own calls included; of Redis 7 and newer.",
    ("cmd",),
)
LATENCIES_METRICS = (LATENCIES,)


def latency_histograms(found: Mapping[str, CommandLatencies], microseconds: Mapping[str, float]) -> Metric:
    """The histogram of each command; the server keeps the sums apart."""
    names = sorted(found)[:MAX_COMMANDS]
    return LATENCIES.family(
        (
            (sanitize_label(cmd, 64),),
            HistogramData(found[cmd].buckets, microseconds.get(cmd, 0.0), found[cmd].calls),
        )
        for cmd in names
    )
