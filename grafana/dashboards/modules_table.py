"""The table of the modules: who says what of each, how it fares, what it leads to."""

from grafana import links, mappings
from grafana.grafana_json import Panel
from grafana.panels import PanelOptions
from grafana.queries import modules
from grafana.sizes import Size
from grafana.steps import marked_from_one
from grafana.tables import AGE, Column, table

ABOUT = (
    "Every module as it is, and who says so: reported by the backend, observed by us. A report of health "
    "alone is unknown, never healthy. Level: errors and response time by the levels in force. "
    "Alerts: warnings and critical ones."
)
EMPTY = "No module matches the filter, or the exporter is not scraped"


def modules_table(size: Size) -> Panel:
    """All thirteen modules, the worst first."""
    queries = (
        modules.status_rows(),
        modules.statuses("reported"),
        modules.statuses("observed"),
        modules.last_healthy(),
        modules.response_times(),
        modules.slower(),
        modules.errors(),
        modules.requests(),
        modules.levels(),
        modules.alerts(),
        modules.unusual(),
    )
    return table("All modules", size, PanelOptions(ABOUT, EMPTY), queries, columns())


def columns() -> list[Column]:
    """What is said of a module, from left to right."""
    here = {"module": links.cell("module")}
    detail = links.board("module", "Open this module", here)
    slow = links.board("api", "Its requests", here)
    fired = links.board("alerts", "Its alerts")
    unusual = links.board("alerts", "What is unusual")
    return [
        Column("module", "Module", 150, links=(detail, slow), filterable=True),
        Column("A", "Status", 110, words=mappings.status(), filterable=True, sort="greatest first"),
        Column("B", "Reported", 100, words=mappings.calm_status()),
        Column("C", "Observed", 100, words=mappings.calm_status()),
        Column("D", "Last healthy", 135, AGE, ""),
        Column("E", "p95", 90, "s"),
        Column("F", "vs 1 h ago", 90, "percentunit", decimals=0),
        Column("G", "Errors", 80, "percentunit"),
        Column("H", "Requests", 95, "reqps"),
        Column("I", "Level", 120, words=mappings.levels("? few requests", mappings.TEXT)),
        Column("J", "Alerts", 75, steps=marked_from_one(), links=(fired,)),
        Column("K", "Anomaly", empty="not watched", words=mappings.anomalies(), links=(unusual,)),
    ]
