"""The API: how many requests, how fast, how many fail, in which module and on which route."""

from grafana import levels, links, variables
from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.grafana_json import Panel, Query
from grafana.old_grid import row, wide
from grafana.old_panels import Says, heat, judged, stat, timeseries, words
from grafana.old_tables import Column, table
from grafana.palette import status_mappings
from grafana.queries import api
from grafana.queries.series import levels_of

QUIET = "no requests in this time"
MODULES = (
    "annotations", "auth", "authority", "collections", "curation", "graph", "monitoring", "quality",
    "recommendations", "resources", "scholarly", "search", "taxonomy", "other",
)  # fmt: skip


def board() -> Dashboard:
    """Requests from above, then by module, then by route."""
    return Dashboard(
        "api",
        "API performance",
        "How many requests are there, how fast are they answered, how many fail, and where?",
        (
            freshness.fresh("api", "api", "modules"),
            row("Now", *now(), height=4),
            row("All modules together", durations(), ratio(), spread()),
            row("By module", module_rates(), module_errors(), module_durations()),
            row("By route", wide(routes(), 16), busiest(), height=11),
            row("Inside the backend", methods(), calls(), parts()),
            row("Its processes", processor(), memory(), descriptors()),
        ),
        (variables.modules(),),
    )


def now() -> tuple[Panel, ...]:
    """The present state in numbers."""
    return (
        words("Backend", api.up(), says=Says(UP, freshness.NO_SCRAPE, "none", more=freshness.works())),
        words("Event loop", api.wedged(), says=Says(WEDGED, "not known yet", "none", more=HANGS)),
        stat("Requests a second", api.request_rate(), says=Says(RATE, QUIET, "reqps")),
        stat("P95", api.duration(0.95), says=judged("api_response_time", P95, QUIET)),
        stat("Failed", api.error_ratio(), says=judged("api_error_ratio", FAILED, QUIET)),
        stat("Being answered", api.in_progress(), says=Says(PROGRESS, "the backend does not count them")),
        stat("Uptime", api.uptime(), says=Says(UPTIME, "the backend does not tell", "s"), graph=False),
        stat("Processes", api.processes(), says=Says(PROCESSES, "the backend does not tell"), graph=False),
    )


UP = "Whether the backend responds, whatever the status. A refusal counts at once, silence after three pings."
WEDGED = "Whether it takes connections and is silent: its event loop is blocked, as by a frozen Redis."
HANGS = freshness.trouble("hangs", "responds")
RATE = "Requests a second, all modules. None at all at a busy hour: look at what stands before the backend."
P95 = "95 % of the requests are answered within this time."
FAILED = "Share of the requests that end in a server error."
PROGRESS = "Requests that are being answered. A number that only rises: they hang."
UPTIME = "Since the newest process started. Short again and again: it crashes."
PROCESSES = "Server processes that answered within the last minute."


def durations() -> Panel:
    """Quantiles of all requests."""
    about = "Half, 95 % and 99 % of all requests are answered within this time; levels are those of P95."
    queries = map(api.duration, (0.5, 0.95, 0.99))
    lines = levels_of("api_response_time", ("warning", "critical"))
    return timeseries("Response time", *queries, *lines, says=Says(about, QUIET, "s"))


def ratio() -> Panel:
    """Error ratio of all requests."""
    about = "Share of all requests that end in a server error, against the levels in force."
    lines = levels_of("api_error_ratio", ("warning", "critical"))
    return timeseries("Error ratio", api.error_ratio(), *lines, says=Says(about, QUIET, "percentunit"))


def spread() -> Panel:
    """Response times as a picture."""
    about = "How response times spread: brighter is more. A second band far up is a group that waits."
    return heat("Spread of response times", api.spread(), says=Says(about, QUIET, "s"))


def module_rates() -> Panel:
    """Requests by module."""
    about = "Requests a second by module, over five minutes. Click a line for its module."
    return of_modules("Requests by module", api.module_rates(), says=Says(about, QUIET, "reqps", TO_MODULE))


def module_errors() -> Panel:
    """Errors by module."""
    about = (
        "Error ratio by module, over five minutes. One alone: that module; all: database, cache or process."
    )
    lines = levels_of("api_error_ratio", ("warning", "critical"))
    says = Says(about, QUIET, "percentunit", TO_MODULE)
    return of_modules("Errors by module", api.module_errors(), *lines, says=says)


def module_durations() -> Panel:
    """P95 by module."""
    about = "95th percentile by module, over five minutes."
    lines = levels_of("api_response_time", ("warning", "critical"))
    says = Says(about, QUIET, "s", TO_MODULE)
    return of_modules("P95 by module", api.module_durations("p95"), *lines, says=says)


TO_MODULE = (links.board("module", "Open this module", {"module": links.label("module")}),)


def of_modules(title: str, *queries: Query, says: Says) -> Panel:
    """Lines by module, each module in the same colour and stroke on every panel."""
    return timeseries(title, *queries, says=says, names=MODULES)


def routes() -> Panel:
    """Routes with their rate, errors and P95."""
    about = "Each route over five minutes, from the backend's own page. Sort by P95 to find the slow ones."
    columns = [
        Column("handler", "Route"),
        Column("method", "Method", width=90),
        Column("A", "Requests", "reqps", width=110),
        Column("B", "Errors", "percentunit", more=levels.colours("api_error_ratio"), width=100),
        Column("C", "P95", "s", more=levels.colours("api_response_time"), width=100),
    ]
    queries = (api.route_rates(), api.route_errors(), api.route_durations())
    says = Says(about, "Prometheus does not scrape the backend's own /metrics", "none")
    return table("Routes", *queries, says=says, columns=columns, sort="P95")


def busiest() -> Panel:
    """The busiest routes over time."""
    about = "The five busiest routes over time."
    return timeseries("Busiest routes", api.busiest_routes(), says=Says(about, QUIET, "reqps"))


def methods() -> Panel:
    """Timed methods."""
    about = "Mean time of the methods that the backend times, the slowest seven."
    return timeseries("Timed methods", api.methods_mean(), says=Says(about, "no timed method ran", "s"))


def calls() -> Panel:
    """Calls of timed methods."""
    about = "Calls a second of the methods that the backend times."
    return timeseries("Calls of timed methods", api.methods_calls(), says=Says(about, "none ran", "ops"))


def parts() -> Panel:
    """Reported beside observed, part by part."""
    about = "Each part as the backend reports it in /health, beside what is observed of it."
    columns = [
        Column("component", "Part"),
        Column("A", "Reported", more={"mappings": status_mappings()}),
        Column("B", "Observed", more={"mappings": status_mappings()}),
    ]
    says = Says(about, "/health has not answered yet", "none")
    return table("Parts of the backend", api.reported(), api.observed(), says=says, columns=columns)


def processor() -> Panel:
    """Processor time."""
    about = "Cores in use by all processes. At the number of cores, everything waits."
    return timeseries("Processor", api.processor(), says=Says(about, "the backend does not tell"))


def memory() -> Panel:
    """Resident memory."""
    about = "Resident memory of the processes. Rising for days: a leak."
    return timeseries("Memory", api.memory(), says=Says(about, "the backend does not tell", "bytes"))


def descriptors() -> Panel:
    """Open files."""
    about = "Open file descriptors as a share of what a process may open; at 100 % it accepts nobody."
    return timeseries(
        "Open files", api.descriptors(), says=Says(about, "the backend does not tell", "percentunit")
    )
