"""One module: how it is, who says so, how its requests fare."""

from grafana import links, variables
from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.dashboards import unusual
from grafana.grafana_json import Panel
from grafana.old_grid import row, wide
from grafana.old_panels import Says, heat, history, stacked, stat, status_says, timeseries, words
from grafana.old_tables import Column, table
from grafana.palette import severity_mappings
from grafana.queries import modules
from grafana.queries.series import levels_of

QUIET = "no requests to this module in this time"
CODES = ("2xx", "3xx", "4xx", "5xx", "other")


def board() -> Dashboard:
    """The detail of one module."""
    return Dashboard(
        "module",
        "Module",
        "How is this module, who says so, and how do its requests fare?",
        (
            freshness.fresh("module", "modules", "api"),
            row(
                "How is it?", states(), wide(unusual.of_module(), 6), ages(), probe(), in_progress(), height=4
            ),
            row("Since when?", course(), height=6),
            row("How do its requests fare?", rate(), errors(), durations()),
            row("Details", spread(), wide(alerts(), 8), wide(reports(), 6)),
        ),
        (variables.module(),),
    )


def states() -> Panel:
    """As it is, as reported, as observed."""
    about = "Status: as observed, else as reported when that is trouble, else unknown."
    kinds = ("status", "reported", "observed")
    return wide(words("Status", *map(modules.course, kinds), says=status_says(about, freshness.NO_SCRAPE)), 8)


def ages() -> Panel:
    """How long ago anything was known."""
    about = "How long ago the module was last reported, and last observed. Old: nothing has asked it lately."
    queries = map(modules.known, ("reported", "observed"))
    return wide(stat("Last known", *queries, says=Says(about, "never", "s"), graph=False), 4)


def probe() -> Panel:
    """The time of its health route."""
    about = "Time that the module's own truthful health route took. Most modules have none."
    return stat("Health route", modules.probe(), says=Says(about, "this module has none", "s"))


def in_progress() -> Panel:
    """Requests that are being answered."""
    about = "Requests that are being answered now. A number that only rises: they hang."
    return stat("In progress", modules.in_progress(), says=Says(about, "the backend does not count them"))


def course() -> Panel:
    """States over time."""
    about = "Who said what, when. Report and observation apart for long: trust the observation."
    kinds = ("status", "reported", "observed")
    return history(
        "Status over time", *map(modules.course, kinds), says=status_says(about, freshness.NO_SCRAPE)
    )


def rate() -> Panel:
    """Requests by class of status."""
    about = "Requests a second by class of HTTP status. 5xx are failures of the module itself."
    return stacked("Requests", modules.by_code(), says=Says(about, QUIET, "reqps"), names=CODES)


def errors() -> Panel:
    """The error ratio against its levels."""
    about = (
        "Share of the requests that end in a server error, over five minutes, against the levels in force."
    )
    lines = levels_of("api_error_ratio", ("warning", "critical"))
    return timeseries("Errors", modules.error_ratio(), *lines, says=Says(about, QUIET, "percentunit"))


def durations() -> Panel:
    """Quantiles of the response time against their levels."""
    about = "Half, 95 % and 99 % of the requests are answered within this time; levels are those of P95."
    queries = map(modules.duration, ("p50", "p95", "p99"))
    lines = levels_of("api_response_time", ("warning", "critical"))
    return timeseries("Response time", *queries, *lines, says=Says(about, QUIET, "s"))


def spread() -> Panel:
    """Response times as a picture."""
    about = "How response times spread. Two bands: two kinds of requests, or a cache that hits and misses."
    return heat("Spread of response times", modules.spread(), says=Says(about, QUIET, "s"))


def alerts() -> Panel:
    """Alerts on this module."""
    about = "Alerts that name this module. Acknowledge on the service's page."
    acknowledge = links.page("/alerts", "Acknowledge", {"alertname": links.cell("alertname")})
    columns = [
        Column("alertname", "Alert", links=(acknowledge,)),
        Column("severity", "Severity", more={"mappings": severity_mappings()}),
        Column("alertstate", "State"),
    ]
    says = Says(about, "✔ no alert names this module", "none")
    return table("Alerts on this module", modules.firing(), says=says, columns=columns)


def reports() -> Panel:
    """Whether its report is right."""
    about = "What the backend says of this module, beside what is observed."
    columns = [
        Column("reported", "Backend says"),
        Column("observed", "It is"),
        Column("A", "Report", more=freshness.trouble("wrong", "right")),
    ]
    says = Says(about, "nothing to compare: reported or observed is unknown", "none")
    return table("Is its report right?", modules.disagreements(), says=says, columns=columns)
