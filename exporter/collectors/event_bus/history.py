"""How fresh the event bus is; the events themselves carry payloads and never leave the backend's answer."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge
from exporter.sources import Sources

NEWEST_EVENT = Gauge(
    "ops_event_bus_last_event_timestamp_seconds", "Unix time of the newest event in the history."
)
HISTORY_METRICS = (NEWEST_EVENT,)


async def read_history(sources: Sources) -> Iterable[Metric]:
    """The newest event's time; missing while there was none."""
    return (NEWEST_EVENT.one(await sources.backend.history.answer()),)
