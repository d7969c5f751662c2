"""The table of the modules: who says what of each, how it fares, what it leads to."""

from grafana import levels, links
from grafana.dashboards import unusual
from grafana.grafana_json import Panel
from grafana.palette import any_is_bad, status_mappings, trend
from grafana.old_panels import Says
from grafana.queries import anomalies, modules
from grafana.old_tables import Column, table

ABOUT = (
    "Every module as it is, and who says so: reported by the backend, observed by us. A report of health "
    "alone is unknown, never healthy. Click a name for its detail; filter and sort by the headings."
)
EMPTY = "No module matches the filter, or the exporter is not scraped"


def modules_table() -> Panel:
    """All thirteen modules, the worst first."""
    queries = (
        modules.statuses("status"),
        modules.statuses("reported"),
        modules.statuses("observed"),
        modules.response_times(),
        modules.response_trends(),
        modules.errors(),
        modules.requests(),
        modules.alerts(),
        modules.last_healthy(),
        anomalies.of_modules(),
    )
    return table("Modules", *queries, says=Says(ABOUT, EMPTY, "none"), columns=columns(), sort="Status")


def columns() -> list[Column]:
    """What is said of a module, from left to right."""
    here = {"module": links.cell("module")}
    detail = links.board("module", "Open this module", here)
    slow = links.board("api", "Its requests", here)
    fired = links.board("alerts", "Its alerts")
    state = {"mappings": status_mappings()}
    return [
        Column("module", "Module", links=(detail,), width=150),
        Column("A", "Status", more=state, width=110),
        Column("B", "Reported", more=state, width=110),
        Column("C", "Observed", more=state, width=110),
        Column("D", "P95", "s", "no requests", more=levels.colours("api_response_time"), links=(slow,)),
        Column("E", "In 1 h", more={"mappings": trend()}, width=90),
        Column(
            "F", "Errors", "percentunit", "no requests", more=levels.colours("api_error_ratio"), links=(slow,)
        ),
        Column("G", "Requests", "reqps", "none"),
        Column("H", "Alerts", more={"thresholds": any_is_bad()}, links=(fired,), width=80),
        unusual.column("J"),
        Column("I", "Last healthy", "dateTimeFromNow", ""),
    ]
