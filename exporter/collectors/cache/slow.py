"""The slow commands and latency spikes of the cache server, which a narrow user may not see."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.metrics import Gauge, Row
from exporter.rows import first
from exporter.sources import Sources

SLOWLOG_LENGTH = Gauge("redis_slowlog_length", "Commands in the log of slow commands.")
SLOWLOG_LAST_ID = Gauge("redis_slowlog_last_id", "Number of the newest slow command.")
SLOWLOG_LAST_DURATION = Gauge(
    "redis_last_slow_execution_duration_seconds", "Time that the newest slow command took."
)
SPIKE_TIME = Gauge("redis_latency_spike_last", "Unix time of the last latency spike.", ("event_name",))
SPIKE_DURATION = Gauge(
    "redis_latency_spike_duration_seconds", "Length of the last latency spike.", ("event_name",)
)
SLOW_METRICS = (SLOWLOG_LENGTH, SLOWLOG_LAST_ID, SLOWLOG_LAST_DURATION, SPIKE_TIME, SPIKE_DURATION)
MAX_SPIKES = 32


async def read_slow(sources: Sources) -> Iterable[Metric]:
    """The newest slow command and the last spike of each kind."""
    slow = await sources.cache.slow.answer()
    rows: list[Row] = [(label(name, 64), at, seconds) for name, at, seconds in slow.spikes[:MAX_SPIKES]]
    return (
        SLOWLOG_LENGTH.one(slow.count),
        SLOWLOG_LAST_ID.one(slow.newest),
        SLOWLOG_LAST_DURATION.one(slow.seconds),
        SPIKE_TIME.of(first((name, at) for name, at, _ in rows)),
        SPIKE_DURATION.of(first((name, seconds) for name, _, seconds in rows)),
    )
