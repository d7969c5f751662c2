"""The event bus: does it deliver, how fast, what fails."""

from grafana import annotations, levels, mappings
from grafana.dashboard import Dashboard
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel
from grafana.graphs import graph, timeline
from grafana.grid import Section, section, top
from grafana.palette import GREY, SERIES, SKY
from grafana.panels import PanelOptions
from grafana.queries import events
from grafana.sizes import Size
from grafana.strips import Cell, count, duration, level, numbers, signal, states
from grafana.tables import Column, table

QUIET = "no events in this time"
QUANTILES = ("0.5", "0.95", "0.99")
QUARTER = Size(6, 8)
# how busy a type is: none, at most one a minute, at most one a second, more
ACTIVITY = {
    "0": ("· none", GREY),
    "1": ("▁ seldom", "#8FD3F4"),
    "2": ("▄ some", SKY),
    "3": ("█ busy", SERIES[3]),
}
LANES = 8
WAS = {
    "Event bus": "Newest event",
    "Last hour": "Handlers, P95",
    "Data and alerts": "Alerts on this",
    "Handler duration": "Time of handlers",
    "Emission duration": "Time of emitting",
    "Emitted and delivered": "Rates",
    "Event types": "Types",
    "Events by type": "Commonest types",
}


def board() -> Dashboard:
    """From rates down to single types."""
    return Dashboard(
        "events",
        "Event bus",
        "Are events delivered, how long do handlers take against their 1 ms, and what fails?",
        (
            top(bus(), last_hour(), data_and_alerts("events", "event_bus")),
            throughput(),
            section("Event types", types(), by_type()),
            section("History", history()),
        ),
        marks=annotations.of_signals(levels.signals_of("events")),
        was=WAS,
    )


def bus() -> Panel:
    """Whether it is alive."""
    newest = "Since the newest event of the history. Long at a busy hour: nothing is emitted any more."
    part = "Processes whose bus was seen. Each counts for itself, so one alone shows a part of several."
    return states(
        "Event bus",
        Size(5, 4),
        duration("Last event", events.newest(), newest),
        count("Processes", events.processes(), part),
    )


def last_hour() -> Panel:
    """What it did."""
    judged = "How grave handlers' time and errors are by the levels in force."
    failed = "Share of the runs of handlers that raised."
    return numbers(
        "Last hour",
        Size(13, 4),
        signal("Handler p95", "event_latency", events.handlers("0.95")),
        Cell("Emitted", events.emitted(), "Events a second.", "eps", 1),
        Cell("Delivered", events.delivered(), "Successful runs of handlers a second.", "eps", 1),
        signal("Handler errors", "event_errors", events.errors()),
        Cell("Failure ratio", events.error_ratio(), failed, "percentunit", least=0),
        level(events.level(), judged),
    )


def throughput() -> Section:
    """Rates, latency and errors over time."""
    latency = "Time that handlers take, against the target of 1 ms and the levels in force."
    emission = "Time that emitting takes with all its handlers: what a request waits for."
    rates = "Events and runs of handlers a second. Emitted without delivered: handlers fail or hang."
    errors = "Runs of handlers a second that raised; the backend's log names them."
    handlers = (*map(events.handlers, QUANTILES), events.mean_handler())
    # the levels lie decades above the usual time
    took = PanelOptions(latency, QUIET, signal="event_latency", decades=True)
    return section(
        "Throughput and latency",
        graph("Handler duration", QUARTER, took, *handlers),
        graph(
            "Emission duration",
            QUARTER,
            PanelOptions(emission, QUIET, "s"),
            *map(events.emissions, QUANTILES),
        ),
        graph(
            "Emitted and delivered",
            QUARTER,
            PanelOptions(rates, QUIET, "eps"),
            events.emitted(),
            events.delivered(),
        ),
        graph("Handler errors", QUARTER, PanelOptions(errors, QUIET, signal="event_errors"), events.errors()),
    )


def types() -> Panel:
    """Every type with its counts."""
    about = "Every type over the chosen range (its last five minutes in part), and now. Late types are other."
    columns = [
        Column("event", "Event"),
        Column("A", "In this range", 140, "short", decimals=0, sort="greatest first"),
        Column("B", "Now", 100, "eps"),
    ]
    asked = (events.counted(), events.rates())
    return table("Event types", Size(10, 9), PanelOptions(about, QUIET), asked, columns)


def by_type() -> Panel:
    """The commonest types."""
    about = "The five types that were emitted most in the range."
    return graph("Events by type", Size(14, 9), PanelOptions(about, QUIET, "eps"), events.busiest())


def history() -> Panel:
    """When each type was emitted."""
    about = "How busy each type was, the busiest first. Seldom: under one a minute; busy: over one a second."
    lanes = (events.lane(place) for place in range(1, LANES + 1))
    options = PanelOptions(about, QUIET)
    return timeline("Event history", Size(24, 9), options, *lanes, words=mappings.words(ACTIVITY))
