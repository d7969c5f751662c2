"""The API: how many requests, how fast, how many fail, in which module and on which route."""

from grafana import annotations, levels, links, mappings, variables
from grafana.dashboard import Dashboard
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel
from grafana.graphs import graph, heat_map
from grafana.grid import Section, closed, section, top
from grafana.panels import PanelOptions
from grafana.queries import api, users
from grafana.sizes import Size
from grafana.strips import Cell, count, duration, level, numbers, signal, states, word
from grafana.tables import Column, table

QUIET = "no requests in this time"
UNTOLD = "the backend does not report this"
THIRD, TALL, LOW = Size(8, 8), Size(8, 10), Size(8, 9)
QUANTILES = ("p50", "p95", "p99")
TO_MODULE = (links.board("module", "Open this module", {"module": links.label("module")}),)
WAS = {
    "Status": "Backend",
    "Last hour": "Requests a second",
    "Data and alerts": "Alerts on this",
    "Response time distribution": "Spread of response times",
    "Response time p95 by module": "P95 by module",
    "Error ratio by module": "Errors by module",
    "Dependencies": "Parts of the backend",
    "Method duration": "Timed methods",
    "Method calls": "Calls of timed methods",
    "CPU": "Processor",
}


def board() -> Dashboard:
    """Requests of users together, then by module, then by route."""
    return Dashboard(
        "api",
        "API performance",
        "How many requests are there, how fast are they answered, how many fail, and where?",
        (
            top(status(), last_hour(), data_and_alerts("api", "api", "modules"), *of_users()),
            by_module(),
            by_route(),
            inside(),
            processes(),
        ),
        (variables.modules(),),
        marks=annotations.of_signals(levels.signals_of("api")),
        was=WAS,
    )


def status() -> Panel:
    """The backend now."""
    up = "Whether the backend responds, whatever the status."
    wedged = "Whether it takes connections and stays silent: its event loop is blocked."
    flight = "Requests in flight. A number that only rises: they hang."
    age = "Since the newest process started. Short again and again: it crashes."
    return states(
        "Status",
        Size(9, 4),
        word("Backend", api.up(), up, mappings.good_if("up", "down")),
        word("Event loop", api.wedged(), wedged, mappings.bad_if("hangs", "responds")),
        count("In flight", api.in_progress(), flight),
        duration("Uptime", api.uptime(), age),
    )


def last_hour() -> Panel:
    """How users' requests fare."""
    judged = "The gravest module for users, by the levels in force; few: too few requests to judge."
    return numbers(
        "Last hour",
        Size(9, 4),
        Cell("Requests", users.requests(), "Users' requests per second, our own polls left out.", "reqps", 1),
        signal("Error ratio", "api_error_ratio", users.error_ratio(), about=users.ERRORS_MEAN),
        signal("p95", "api_response_time", users.duration("p95"), about=users.P95_MEANS),
        level(users.level(), judged),
    )


def of_users() -> tuple[Panel, ...]:
    """Users' requests over time."""
    rate = "Users' requests per second. None at a busy hour: check what stands before the backend."
    failed = users.ERRORS_MEAN
    times = "Half, 95 % and 99 % of users' requests are answered within this time."
    return (
        graph("Requests", THIRD, PanelOptions(rate, QUIET, "reqps"), users.requests()),
        graph(
            "Error ratio", THIRD, PanelOptions(failed, QUIET, signal="api_error_ratio"), users.error_ratio()
        ),
        graph(
            "Response time", THIRD, PanelOptions(times, QUIET, signal="api_response_time"),
            *map(users.duration, QUANTILES),
        ),
    )  # fmt: skip


def by_module() -> Section:
    """The same module by module; a click on a line opens its module."""
    rate = "Requests per second by module, over five minutes."
    failed = "Error ratio by module. One alone: that module. All: database, cache or process."
    slow = "95th percentile of the response time by module, over five minutes."
    return section(
        "By module",
        graph("Requests by module", TALL, PanelOptions(rate, QUIET, "reqps", TO_MODULE), api.module_rates()),
        graph(
            "Error ratio by module", TALL,
            PanelOptions(failed, QUIET, links=TO_MODULE, signal="api_error_ratio"), api.module_errors(),
        ),
        graph(
            "Response time p95 by module", TALL,
            PanelOptions(slow, QUIET, links=TO_MODULE, signal="api_response_time"),
            api.module_durations("p95"),
        ),
    )  # fmt: skip


def by_route() -> Section:
    """Route by route, and how response times spread."""
    busiest = "The five busiest routes of the range."
    spread = "How users' response times spread. A second band far up is a group that waits."
    return section(
        "By route",
        routes(),
        graph("Busiest routes", Size(10, 11), PanelOptions(busiest, QUIET, "reqps"), api.busiest_routes()),
        heat_map(
            "Response time distribution", Size(24, 8), PanelOptions(spread, QUIET, "s"), users.buckets()
        ),
    )


def routes() -> Panel:
    """Routes with their rate, errors and p95."""
    about = "Each route over five minutes, from the backend's own page, the slowest first."
    columns = [
        Column("handler", "Route"),
        Column("method", "Method", 80),
        Column("A", "Requests", 95, "reqps"),
        Column("B", "Errors", 80, "percentunit"),
        Column("C", "p95", 85, "s", sort="greatest first"),
    ]
    options = PanelOptions(about, "Prometheus does not scrape the backend's own /metrics")
    asked = (api.route_rates(), api.route_errors(), api.route_durations())
    return table("Routes", Size(14, 11), options, asked, columns)


def inside() -> Section:
    """Dependencies and timed methods."""
    mean = "Mean time of the seven slowest methods that the backend times."
    calls = "Calls per second of the seven methods that are called most."
    none = "no timed method ran"
    return section(
        "Inside the backend",
        dependencies(),
        graph("Method duration", LOW, PanelOptions(mean, none, "s"), api.methods_mean()),
        graph("Method calls", LOW, PanelOptions(calls, none, "ops"), api.methods_calls()),
    )


def dependencies() -> Panel:
    """Reported beside observed, dependency by dependency."""
    about = "Each dependency as the backend reports it in /health, beside what is observed."
    columns = [
        Column("component", "Dependency"),
        Column("A", "Reported", 120, words=mappings.calm_status()),
        Column("B", "Observed", 120, words=mappings.calm_status()),
    ]
    options = PanelOptions(about, "/health has not responded yet")
    return table("Dependencies", LOW, options, [api.reported(), api.observed()], columns)


def processes() -> Section:
    """What its processes use."""
    cores = "Cores in use by all processes. At the number of cores, everything waits."
    memory = "Resident memory of the processes. Rising for days: a leak."
    files = "Open file descriptors over their limit. At 100 % no connection is accepted."
    opened = PanelOptions(files, UNTOLD, signal="backend_files")
    return closed(
        "Processes",
        graph("CPU", THIRD, PanelOptions(cores, UNTOLD), api.processor()),
        graph("Memory", THIRD, PanelOptions(memory, UNTOLD, "bytes"), api.memory()),
        graph("Open files", THIRD, opened, api.descriptors()),
    )
