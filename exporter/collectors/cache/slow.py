"""The slow commands and latency spikes of the cache server, which a narrow user may not see."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.metrics import Gauge, Row
from exporter.rows import first
from exporter.sources import Sources

SLOW = Gauge("redis_slowlog_length", "Commands in the log of slow commands.")
SLOW_ID = Gauge("redis_slowlog_last_id", "Number of the newest slow command.")
SLOW_TIME = Gauge("redis_last_slow_execution_duration_seconds", "Time that the newest slow command took.")
SPIKE_AT = Gauge("redis_latency_spike_last", "Unix time of the last latency spike.", ("event_name",))
SPIKE = Gauge("redis_latency_spike_duration_seconds", "Length of the last latency spike.", ("event_name",))
METRICS = (SLOW, SLOW_ID, SLOW_TIME, SPIKE_AT, SPIKE)
SPIKES = 32


async def read(sources: Sources) -> Iterable[Metric]:
    """The newest slow command and the last spike of each kind."""
    slow = await sources.cache.slow.answer()
    rows: list[Row] = [(label(name, 64), at, seconds) for name, at, seconds in slow.spikes[:SPIKES]]
    return (
        SLOW.one(slow.count),
        SLOW_ID.one(slow.newest),
        SLOW_TIME.one(slow.seconds),
        SPIKE_AT.of(first((name, at) for name, at, _ in rows)),
        SPIKE.of(first((name, seconds) for name, _, seconds in rows)),
    )
