"""The overview: which module is unwell, since when, who says otherwise, and what can be done."""

from grafana import links, mappings, variables
from grafana.cards import cards, lead
from grafana.dashboard import Dashboard
from grafana.dashboards.actions import actions
from grafana.dashboards.freshness import data
from grafana.dashboards.modules_table import modules_table
from grafana.dashboards.workers import WAITING_IN_ALL
from grafana.grafana_json import Panel, query
from grafana.grid import section, stack, top
from grafana.palette import PURPLE, STATUS_COLOURS, STATUS_NUMBERS
from grafana.panels import PanelOptions
from grafana.queries import alerts, cache, database, engagement, ingestion, modules, users, workers
from grafana.queries.series import severity
from grafana.sizes import Size
from grafana.steps import shown_from_one
from grafana.strips import Cell, count, counts, duration, level, numbers, signal, states
from grafana.tables import Column, table

WAS = {
    "Overall status": "Backend is",
    "Modules": "Modules by status",
    "Self-reports": "Wrong reports",
    "Freshness": "Oldest answer",
    "Firing alerts": "Active alerts",
    "Wrong self-reports": "Who is wrong",
    "Actions": "Quick actions",
    "All modules": "Modules",
    "Modules by status": "Cards of modules",
}
# the dashboard of each part that has one; `redis` is what the backend says of its cache's server
BOARDS = {
    "api": "api", "cache": "cache", "database": "database", "event_bus": "events", "ingestion": "ingestion",
    "models": "models", "redis": "cache", "sparse": "ingestion", "workers": "workers",
}  # fmt: skip
RESOURCES = ("pool_use", "worker_queue_length", "cache_hit_ratio", "sparse_coverage")
# what reads the first screen, but for the users of a day, whom the backend counts every five minutes
SHOWN = (
    "modules", "api", "self_reports", "database", "cache", "workers", "event_bus", "models", "ingestion",
    "sparse_embeddings",
)  # fmt: skip


def board() -> Dashboard:
    """The dashboard that stands open on the wall."""
    return Dashboard(
        "overview",
        "Overview",
        "Which module is unwell, since when, who says otherwise, and what can I do?",
        (
            top(
                overall(), number_of_modules(), firing(), self_reports(), freshness(),
                stack(module_cards(), dependencies()),
                stack(firing_alerts(), wrong_reports(), actions(Size(10, 3))),
                of_users(), resources(),
            ),
            section("Modules in detail", modules_table(Size(24, 15))),
        ),
        (variables.modules(), variables.status()),
        was=WAS,
    )  # fmt: skip


def overall() -> Panel:
    """The worst module or part, and since when."""
    worst = "The worst of all modules and parts, as observed. Healthy means seen to work, not said to."
    since = "Time since everything was last healthy; a dash while it is, or if it was not within a day."
    return states(
        "Overall status",
        Size(5, 3),
        Cell("Status", modules.overall(), worst, words=mappings.status(), unknown="✖ no data"),
        duration("Unhealthy for", modules.unhealthy_for(), since),
    )


def number_of_modules() -> Panel:
    """How many modules are in each state."""
    about = {
        "healthy": "Modules that were seen to work.",
        "unknown": "Modules that nobody has seen work or fail lately.",
        "degraded": "Modules that work in part, or of which a signal warns.",
        "down": "Modules that were seen to fail.",
    }
    cells = (
        count(name, modules.with_status(number), about[name], shown_from_one(STATUS_COLOURS[name]))
        for name, number in STATUS_NUMBERS.items()
    )
    return counts("Modules", Size(6, 3), *cells)


def firing() -> Panel:
    """Critical alerts and warnings."""
    more = links.board("alerts", "All alerts")
    meant = {
        "critical": "Critical alerts that fire.",
        "warning": "Warnings that fire and are not critical as well.",
    }
    colours = {"critical": STATUS_COLOURS["down"], "warning": STATUS_COLOURS["degraded"]}
    cells = (
        count(
            name,
            alerts.firing(name),
            meant[name],
            shown_from_one(colour),
            more,
        )
        for name, colour in colours.items()
    )
    return counts("Alerts", Size(4, 3), *cells)


def self_reports() -> Panel:
    """How many reports of the backend are wrong."""
    wrong = "Reports of the backend that do not agree with what is observed. Trust what is observed."
    compared = "Reports that can be compared with an observation."
    more = links.board("alerts", "Which reports")
    return counts(
        "Self-reports",
        Size(4, 3),
        count("wrong", alerts.wrong(), wrong, shown_from_one(PURPLE), more),
        count("compared", alerts.compared(), compared, link=more),
    )


def freshness() -> Panel:
    """Whether all of this is live."""
    return states("Freshness", Size(5, 3), *data(SHOWN))


def module_cards() -> Panel:
    """A card for each module."""
    about = (
        "Every module as it is; where the backend reports something else, the card says so. A click opens "
        "the module. Module and Status above filter the cards."
    )
    opened = links.board("module", f"Open {links.label('module')}", {"module": links.label("module")})
    options = PanelOptions(about, "No module matches the filter", links=(opened,))
    return cards("Modules by status", Size(14, 8), options, modules.cards(), 13)


def dependencies() -> Panel:
    """A card for each part of the backend."""
    about = (
        "What modules stand on, as it is; where the backend reports something else, the card says so. "
        "A click opens the part's own dashboard."
    )
    more = links.board("api", "Parts of the backend")
    options = PanelOptions(about, "No part is known", links=(more,))
    own = {name: links.board(to, f"Open {name}") for name, to in BOARDS.items()}
    return lead(cards("Dependencies", Size(14, 5), options, modules.dependencies(), 9), own)


def firing_alerts() -> Panel:
    """What fires, causes first."""
    about = (
        "Critical alerts and warnings that fire, each once: the cause of others on top, then the gravest, "
        "then the oldest. Hides: other alerts that it keeps from being sent. Click a name to acknowledge it."
    )
    acknowledge = links.page("/alerts", "Acknowledge …", {"alertname": links.cell("alertname")})
    columns = [
        Column("B", "Hides", 70, empty="", sort="greatest first"),
        Column("A", "Sev", 55, words=mappings.severity_symbols(), sort="greatest first"),
        Column("alertname", "Alert", 175, links=(acknowledge, links.board("alerts", "All alerts"))),
        Column("about", "About", empty=""),
        Column("C", "For", 70, "s", "", 0, sort="greatest first"),
    ]
    asked = (alerts.grave(), alerts.hidden(), alerts.firing_for())
    return table(
        "Firing alerts", Size(10, 6), PanelOptions(about, "✔ no warning, nothing critical"), asked, columns
    )


def wrong_reports() -> Panel:
    """Which reports are wrong."""
    about = "What the backend reports beside what is observed, where these differ."
    columns = [
        Column("subject", "Subject", sort="least first"),
        Column("reported", "Reported", 100),
        Column("observed", "Observed", 100),
    ]
    options = PanelOptions(about, "✔ every self-report agrees with what is observed")
    return table("Wrong self-reports", Size(10, 4), options, [alerts.wrong_reports_or_silence()], columns)


def of_users() -> Panel:
    """What users see of it."""
    api, people = links.board("api", "More on this"), links.board("engagement", "More on this")
    judged = "The gravest module for users, by the levels in force; few: too few requests to judge."
    return numbers(
        "Users, last hour",
        Size(12, 4),
        Cell(
            "Requests", users.requests(), "Requests a second of users, without probes.", "reqps", 1, link=api
        ),
        signal("Error ratio", "api_error_ratio", users.error_ratio(), api, users.ERRORS_MEAN),
        signal("Response p95", "api_response_time", users.duration("p95"), api, users.P95_MEANS),
        level(users.level(), judged),
        Cell("Users, 1 day", engagement.active("1d"), "Users active within a day.", "short", link=people),
    )


def resources() -> Panel:
    """What it stands on."""
    judged = "The gravest of these, by the levels in force; few: too little happens to judge what passes one."
    return numbers(
        "Resources, last hour",
        Size(12, 4),
        signal("DB pool used", "pool_use", database.pool_use(), links.board("database", "More on this")),
        signal(
            "Tasks waiting",
            "worker_queue_length",
            workers.waiting_in_all(),
            links.board("workers", "More on this"),
            WAITING_IN_ALL,
        ),
        signal("Cache hit ratio", "cache_hit_ratio", cache.hit_ratio(), links.board("cache", "More on this")),
        signal(
            "Sparse coverage",
            "sparse_coverage",
            ingestion.coverage(),
            links.board("ingestion", "More on this"),
        ),
        level(query(severity(*RESOURCES)), judged),
    )
