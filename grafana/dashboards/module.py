"""One module: how it is, who says so, how its requests fare."""

from grafana import annotations, links, mappings, variables
from grafana.dashboard import Dashboard
from grafana.dashboards.freshness import data_and_alerts_of
from grafana.grafana_json import Panel
from grafana.graphs import graph, heat_map, stacked, timeline
from grafana.grid import Section, closed, section, top
from grafana.panels import PanelOptions
from grafana.queries import modules
from grafana.sizes import Size
from grafana.strips import Cell, count, duration, level, numbers, signal, states, word
from grafana.tables import Column, table

QUIET = "no requests to this module in this time"
CODES = ("2xx", "3xx", "4xx", "5xx", "other")
THIRD = Size(8, 8)
KINDS = ("status", "reported", "observed")
WAS = {
    "$module": "Status",
    "Last hour": "In progress",
    "Data and alerts": "Alerts on this",
    "Self-report": "Is its report right?",
    "Error ratio": "Errors",
    "Response time distribution": "Spread of response times",
    "Firing alerts": "Alerts on this module",
    "Evidence": "Last known",
}


def board() -> Dashboard:
    """The detail of one module."""
    return Dashboard(
        "module",
        "Module",
        "How is this module, who says so, and how do its requests fare?",
        (
            top(
                status(), last_hour(), data_and_alerts_of('module="$module"', ("modules", "api")),
                course(), report(), requests(), errors(), durations(),
            ),
            details(),
            evidence(),
        ),
        (variables.module(),),
        marks=annotations.of_module(),
        was=WAS,
    )  # fmt: skip


def status() -> Panel:
    """As it is, as reported, as observed."""
    worst = (
        "The worst of what is observed and of the module's own signals; a report of health alone is unknown."
    )
    unusual = "Which number of the module is far outside of its usual band. Unusual is not yet trouble."
    return states(
        "$module",
        Size(9, 4),
        word("Status", modules.one("status"), worst, mappings.status()),
        word("Reported", modules.one("reported"), "The backend's own word.", mappings.status()),
        word("Observed", modules.one("observed"), "What is seen of it.", mappings.status()),
        word("Anomaly", modules.most_unusual(), unusual, mappings.anomalies()),
    )


def last_hour() -> Panel:
    """How its requests fare."""
    judged = "How grave errors and response time are by the levels in force; few: too few requests to judge."
    return numbers(
        "Last hour",
        Size(9, 4),
        Cell("Requests", modules.rate_of_one(), "Requests a second.", "reqps", 1),
        signal("Error ratio", "api_error_ratio", modules.error_ratio()),
        signal("Response p95", "api_response_time", modules.duration("p95")),
        level(modules.level(), judged),
    )


def course() -> Panel:
    """States over time."""
    about = "Status, report and observation over time. Report and observation apart: trust the observation."
    options = PanelOptions(about, "the exporter knows no such module")
    return timeline(
        "Status over time", Size(16, 6), options, *map(modules.one, KINDS), words=mappings.status()
    )


def report() -> Panel:
    """Whether its report is right."""
    about = "What the backend reports of this module, beside what is observed."
    columns = [
        Column("reported", "Reported"),
        Column("observed", "Observed", 120),
        Column("Value", "Verdict", 110, words=mappings.unless_bad("wrong", "right")),
    ]
    empty = "nothing to compare: reported or observed is unknown"
    return table("Self-report", Size(8, 6), PanelOptions(about, empty), [modules.disagreements()], columns)


def requests() -> Panel:
    """Requests by class of status."""
    about = "Requests a second by class of HTTP status. 5xx are failures of the module itself."
    options = PanelOptions(about, QUIET, "reqps")
    return stacked("Requests", THIRD, options, modules.by_code(), names=CODES, failures=("5xx",))


def errors() -> Panel:
    """The error ratio against its levels."""
    about = "Share of the requests that end in a server error, over five minutes, with the levels in force."
    return graph(
        "Error ratio", THIRD, PanelOptions(about, QUIET, signal="api_error_ratio"), modules.error_ratio()
    )


def durations() -> Panel:
    """Quantiles of the response time against their levels."""
    about = "Half, 95 % and 99 % of the requests are answered within this time; levels are those of p95."
    options = PanelOptions(about, QUIET, signal="api_response_time")
    return graph("Response time", THIRD, options, *map(modules.duration, ("p50", "p95", "p99")))


def details() -> Section:
    """How response times spread, and what fires."""
    about = "How response times spread. Two bands: two kinds of requests, or a cache that hits and misses."
    spread = PanelOptions(about, QUIET, "s")
    return section(
        "Details",
        heat_map("Response time distribution", Size(14, 8), spread, modules.buckets()),
        alerts(),
    )


def alerts() -> Panel:
    """Alerts on this module."""
    about = (
        "Alerts that name this module, the gravest first. Recorded: an info. Click a name to acknowledge it."
    )
    acknowledge = links.page("/alerts", "Acknowledge …", {"alertname": links.cell("alertname")})
    columns = [
        Column("alertname", "Alert", links=(acknowledge, links.board("alerts", "All alerts"))),
        Column("A", "Severity", 110, words=mappings.severity(), sort="greatest first"),
        Column("alertstate", "State", 95, words=mappings.alert_states()),
        Column("B", "For", 80, "s", "", 0),
    ]
    options = PanelOptions(about, "✔ no alert names this module")
    asked = (modules.firing_alerts(), modules.firing_for())
    return table("Firing alerts", Size(10, 8), options, asked, columns)


def evidence() -> Section:
    """When it was last known, and what its own health route says."""
    reported, observed = (
        f"How long ago the module was last {it}. Old: nothing has requested it." for it in KINDS[1:]
    )
    probe = "Time that the module's own truthful health route took. Most modules have none."
    going = "Requests in progress. A number that only rises: they hang."
    return closed(
        "Evidence",
        states(
            "Evidence",
            Size(24, 4),
            duration("Last reported", modules.known("reported"), reported),
            duration("Last observed", modules.known("observed"), observed),
            Cell("Health route", modules.probe(), probe, "s"),
            count("In progress", modules.in_progress(), going),
        ),
    )
