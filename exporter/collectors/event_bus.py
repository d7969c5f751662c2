"""The event bus inside the backend: what was emitted and delivered, how long it took, how fresh it is."""

from exporter.collector import Collector, Part
from exporter.collectors import event_bus_history, event_bus_totals

EVENT_BUS = Collector(
    "event_bus",
    "events emitted, delivered and failed, by event; latencies; the newest event",
    (
        Part("totals", event_bus_totals.read, event_bus_totals.METRICS),
        Part("history", event_bus_history.read, event_bus_history.METRICS),
    ),
)
