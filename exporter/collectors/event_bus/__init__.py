"""The event bus inside the backend: what was emitted and delivered, how long it took, how fresh it is."""

from exporter.collector import Collector, Part
from exporter.collectors.event_bus import history, totals

EVENT_BUS = Collector(
    "event_bus",
    "events emitted, delivered and failed, by event; latencies; the newest event",
    (
        Part("totals", totals.read_totals, totals.TOTALS_METRICS),
        Part("history", history.read_history, history.HISTORY_METRICS),
    ),
)
