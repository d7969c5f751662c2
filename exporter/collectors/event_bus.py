"""The event bus inside the backend: events, latencies, the newest event."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.collector import Collector, Part
from exporter.metrics import Counter, Gauge, Summary
from exporter.sources import Sources

EMITTED = Counter("ops_event_bus_emitted_total", "Events emitted.")
DELIVERED = Counter("ops_event_bus_delivered_total", "Successful handler runs; one event may cause several.")
ERRORS = Counter("ops_event_bus_handler_errors_total", "Handler runs that raised.")
BY_EVENT = Counter(
    "ops_event_bus_events_total", "Events emitted, by name; names beyond the limit are `other`.", ("event",)
)
HANDLERS = Summary(
    "ops_event_bus_handler_duration_seconds",
    "Duration of handlers; quantiles of the slowest process over its last thousand runs.",
)
EMISSIONS = Summary(
    "ops_event_bus_emission_duration_seconds",
    "Duration of emissions with all handlers; quantiles of the slowest process over its last thousand.",
)
PROCESSES = Gauge(
    "ops_event_bus_processes", "Server processes whose event bus responded within the last minute."
)
TOTALS_METRICS = (EMITTED, DELIVERED, ERRORS, BY_EVENT, HANDLERS, EMISSIONS, PROCESSES)


async def read_totals(sources: Sources) -> Iterable[Metric]:
    """The counters of the bus. Without any handled event the latency is absent, not 0."""
    bus = await sources.backend.events.get()
    return (
        EMITTED.single(bus.emitted),
        DELIVERED.single(bus.delivered),
        ERRORS.single(bus.errors),
        BY_EVENT.family(bus.by_event.items()),
        HANDLERS.family([((), bus.handlers)]),
        EMISSIONS.family([((), bus.emissions)]),
        PROCESSES.single(bus.processes),
    )


NEWEST_EVENT = Gauge(
    "ops_event_bus_last_event_timestamp_seconds", "Unix time of the newest event in the history."
)
HISTORY_METRICS = (NEWEST_EVENT,)


async def read_history(sources: Sources) -> Iterable[Metric]:
    """The newest event's time; missing while there was none."""
    return (NEWEST_EVENT.single(await sources.backend.history.get()),)


EVENT_BUS = Collector(
    "event_bus",
    "events emitted, delivered and failed, by event; latencies; the newest event",
    (
        Part("totals", read_totals, TOTALS_METRICS),
        Part("history", read_history, HISTORY_METRICS),
    ),
)
