"""The event bus: does it deliver, how fast, what fails."""

from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.grafana_json import Panel
from grafana.old_grid import Band, row, wide
from grafana.old_panels import Says, judged, stat, timeseries
from grafana.old_tables import Column, table
from grafana.queries import events
from grafana.queries.series import levels_of

QUIET = "no events in this time"
QUANTILES = ("0.5", "0.95", "0.99")


def board() -> Dashboard:
    """From rates down to single types."""
    return Dashboard(
        "events",
        "Event bus",
        "Are events delivered, how long do handlers take against their 1 ms, and what fails?",
        (freshness.fresh("events", "event_bus"), now(), courses(), types()),
    )


def now() -> Band:
    """The present state in numbers."""
    p95 = "95 % of the handlers take no longer; the target is 1 ms. Seconds: Redis is refused."
    failed = "Share of the runs of handlers that raised."
    newest = "Since the newest event of the history. Long at a busy hour: nothing is emitted any more."
    part = "Processes whose bus was seen. Each counts for itself, so one alone shows a part of several."
    return row(
        "Now",
        stat("Handlers, P95", events.handlers("0.95"), says=judged("event_latency", p95, QUIET)),
        stat("Emitted", events.emitted(), says=Says("Events emitted a second.", QUIET, "eps")),
        stat(
            "Delivered", events.delivered(), says=Says("Successful runs of handlers a second.", QUIET, "eps")
        ),
        stat(
            "Errors",
            events.errors(),
            says=judged("event_errors", "Runs of handlers a second that raised.", QUIET),
        ),
        stat("Failed", events.error_ratio(), says=Says(failed, QUIET, "percentunit")),
        stat("Newest event", events.newest(), says=Says(newest, "the history is empty", "s"), graph=False),
        stat("Processes", events.processes(), says=Says(part, "the bus was not seen"), graph=False),
        height=4,
    )


def courses() -> Band:
    """Rates, latency and errors over time."""
    latency = "Time that handlers take, against the target of 1 ms and the levels in force."
    emission = "Time that emitting takes with all its handlers: what a request waits for."
    rates = "Events and runs of handlers a second. Emitted without delivered: handlers fail or hang."
    errors = "Runs of handlers a second that raised; the backend's log names them."
    lines = levels_of("event_latency", ("info", "warning", "critical"))
    error_lines = levels_of("event_errors", ("warning",))
    return row(
        "How fast, and does it arrive?",
        timeseries(
            "Time of handlers",
            *map(events.handlers, QUANTILES),
            events.mean_handler(),
            *lines,
            says=Says(latency, QUIET, "s"),
        ),
        timeseries("Time of emitting", *map(events.emissions, QUANTILES), says=Says(emission, QUIET, "s")),
        timeseries("Rates", events.emitted(), events.delivered(), says=Says(rates, QUIET, "eps")),
        timeseries("Handler errors", events.errors(), *error_lines, says=Says(errors, QUIET, "eps")),
    )


def types() -> Band:
    """Which events."""
    about = "The seven commonest types over time."
    return row(
        "Which events?",
        wide(listed(), 10),
        timeseries("Commonest types", events.types(), says=Says(about, QUIET, "eps")),
        height=9,
    )


def listed() -> Panel:
    """Every type with its counts."""
    about = "Every type of event: over the chosen range, and now. Late types are counted as other."
    columns = [
        Column("event", "Event"),
        Column("A", "In this range", "short", more={"decimals": 0}),
        Column("B", "A second", "eps"),
    ]
    says = Says(about, QUIET, "none")
    return table("Types", events.counted(), events.rates(), says=says, columns=columns, sort="In this range")
