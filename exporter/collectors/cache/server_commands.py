"""What the cache server counts by command and by kind of error."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.bounds import label
from exporter.metrics import Counter, Quantiles, Summary
from exporter.sources.document import Document

CALLS = Counter("redis_commands_total", "Calls of the command.", ("cmd",))
SECONDS = Counter("redis_commands_duration_seconds_total", "Time spent in the command.", ("cmd",))
REJECTED = Counter(
    "redis_commands_rejected_calls_total", "Calls of the command that were refused before it ran.", ("cmd",)
)
FAILED = Counter(
    "redis_commands_failed_calls_total", "Calls of the command that ended in an error.", ("cmd",)
)
LATENCY = Summary(
    "redis_latency_percentiles_usec", "Time of one call in microseconds, as the server computes it.", ("cmd",)
)
ERRORS = Counter("redis_errors_total", "Errors that the server sent, by their first word.", ("err",))
COMMAND_METRICS = (CALLS, SECONDS, REJECTED, FAILED, LATENCY, ERRORS)
MAX_COMMANDS = 100  # the server's vocabulary is finite, yet modules may add to it
MAX_ERROR_WORDS = 30  # scripts may make up error words


def command_families(info: Document) -> Iterator[Metric]:
    """The families by command and by error."""
    stats = objects_by_prefix(info, "cmdstat_", MAX_COMMANDS)
    yield CALLS.of((cmd, one.number("calls")) for cmd, one in stats.items())
    yield SECONDS.of((cmd, command_seconds(one)) for cmd, one in stats.items())
    yield REJECTED.of((cmd, one.number("rejected_calls")) for cmd, one in stats.items())
    yield FAILED.of((cmd, one.number("failed_calls")) for cmd, one in stats.items())
    yield LATENCY.of(latency_summaries(info, stats))
    yield ERRORS.of(
        (err, one.number("count"))
        for err, one in objects_by_prefix(info, "errorstat_", MAX_ERROR_WORDS).items()
    )


def objects_by_prefix(info: Document, prefix: str, most: int) -> dict[str, Document]:
    """The objects whose names begin so, without that beginning; the first in the order of the alphabet."""
    names = sorted(name for name in info.keys() if name.startswith(prefix))[:most]  # noqa: SIM118  (no dict)
    return {label(name.removeprefix(prefix), 64): info.part(name) for name in names}


def command_seconds(stats: Document) -> float | None:
    """The time spent in a command, in seconds."""
    spent = stats.number("usec")
    return None if spent is None else spent / 1e6


def latency_summaries(info: Document, stats: dict[str, Document]) -> Iterable[tuple[tuple[str], Quantiles]]:
    """The summary of each command that has one: its quantiles, with sum and count from its statistics."""
    for cmd, percentiles in objects_by_prefix(info, "latency_percentiles_usec_", MAX_COMMANDS).items():
        counted = stats.get(cmd, Document({}, cmd))
        values = {round(float(name[1:]) / 100, 6): value for name, value in percentiles.numbers().items()}
        yield (cmd,), Quantiles(dict(values), counted.number("usec"), counted.number("calls"))
