"""The overview: is it healthy, what is not, since when, who says so, what can be pressed."""

from collections.abc import Sequence

from grafana import levels, links, variables
from grafana.dashboards import freshness, unusual
from grafana.dashboards.actions import actions
from grafana.dashboards.modules_table import modules_table
from grafana.old_grid import pile, row, wide
from grafana.grafana_json import Panel, Query
from grafana.palette import GREEN, GREY, ORANGE, RED, any_is_bad, count_overrides, plain
from grafana.old_panels import Says, alert_list, judged, stat, status_says, words
from grafana.queries import alerts, anomalies, api, cache, database, engagement, ingestion, modules, workers
from grafana.dashboard import Dashboard
from grafana.old_tables import Column, table

NO_SCRAPE = freshness.NO_SCRAPE
COUNTS = {"healthy": GREEN, "unknown": GREY, "degraded": ORANGE, "down": RED}


def board() -> Dashboard:
    """The dashboard that stands open on the wall."""
    top = row(
        "Is it healthy, and is this fresh?",
        overall(),
        counts(),
        who(),
        wrong_reports(),
        firing(),
        wide(freshness.scraped(), 3),
        wide(freshness.oldest(("modules", "api", "self_reports")), 3),
        height=3,
    )
    side = pile((alert_list("Active alerts", ACTIVE), 7), (disagreeing(), 5), (actions(), 3), width=8)
    middle = row("What is not, since when, who says so", wide(modules_table(), 16), side, height=15)
    return Dashboard(
        "overview",
        "Overview",
        "Is it healthy, what is not, since when, who says so, and what can I press?",
        (top, middle, row("Key numbers, and which way they go", *numbers(), height=4)),
        (variables.modules(), variables.status()),
    )


ACTIVE = "What fires or is about to. Open an alert for its runbook, its dashboard and the page that acts."


def overall() -> Panel:
    """The worst module, as it is."""
    about = "The worst of all modules and parts, as observed. Healthy means seen to work, not said to."
    panel = words("Backend is", modules.worst(), says=status_says(about, NO_SCRAPE))
    panel.options["textMode"], panel.options["colorMode"] = "value", "background"
    panel.options["text"] = {"valueSize": 34}
    return wide(panel, 4)


def counts() -> Panel:
    """How many modules are in each state."""
    about = "Modules by status. Unknown: nobody has seen them work or fail lately."
    panel = words(
        "Modules by status",
        *map(modules.number_in, COUNTS),
        says=Says(about, NO_SCRAPE, "none", more={"thresholds": plain()}),
    )
    panel.overrides = count_overrides(COUNTS)
    return wide(panel, 5)


def who() -> Panel:
    """What the backend says of its database beside what is seen, as the quickest test of its honesty."""
    about = "The database: as the backend reports it, and as our own question finds it."
    panel = words(
        "Database", database.reported(), database.observed_state(), says=status_says(about, "not configured")
    )
    return wide(panel, 4)


def wrong_reports() -> Panel:
    """How many self-reports are wrong."""
    about = "Reports of the backend that do not agree with what is observed. Trust what is observed."
    coloured = {"thresholds": any_is_bad("#CC79A7"), "color": {"mode": "thresholds"}}
    more = (links.board("alerts", "Which reports"),)
    says = Says(about, "nothing to compare", "none", more, coloured)
    return wide(words("Wrong reports", alerts.wrong_reports(), says=says), 2)


def firing() -> Panel:
    """Critical alerts and warnings that fire."""
    about = "Alerts that fire. Critical ones have paged someone."
    coloured = {"thresholds": any_is_bad(), "color": {"mode": "thresholds"}}
    says = Says(about, "Prometheus does not answer", "none", (links.board("alerts", "All alerts"),), coloured)
    panel = words("Alerts", alerts.firing("critical"), alerts.firing("warning"), says=says)
    panel.overrides = count_overrides({"critical": RED, "warning": ORANGE})
    return wide(panel, 3)


def disagreeing() -> Panel:
    """Which reports are wrong."""
    about = "What the backend says, beside what is so."
    columns = [Column("subject", "Of"), Column("reported", "Backend says"), Column("observed", "It is")]
    return table(
        "Who is wrong",
        alerts.disagreements(),
        says=Says(about, "✔ every report agrees with what is observed", "none"),
        columns=columns,
        sort="Of",
        rising=True,
    )


def numbers() -> Sequence[Panel]:
    """The key numbers with their trend of an hour."""
    return (
        key("Response time P95", "api_response_time", api.duration(0.95), "api", "no requests"),
        key("Requests that fail", "api_error_ratio", api.error_ratio(), "api", "no requests"),
        key("Pool in use", "pool_use", database.pool_use(), "database", "the backend has no pool"),
        key("Tasks that wait", "worker_queue_length", workers.waiting_in_all(), "workers", "no broker set"),
        key("Cache hits", "cache_hit_ratio", cache.hit_ratio(), "cache", "no look-ups"),
        key("Sparse coverage", "sparse_coverage", ingestion.coverage(), "ingestion", "no resources"),
        plain_key("Requests", api.request_rate(), "reqps", "api"),
        plain_key("Active users, 1 day", engagement.active("1d"), "short", "engagement"),
    )


def key(title: str, signal: str, now: Query, board_name: str, empty: str) -> Panel:
    """A judged number with its trend."""
    meaning = levels.signal(signal).meaning
    about = f"{meaning} Coloured by the levels of thresholds.yml; below: its trend of an hour, or ≋ unusual."
    says = judged(signal, about, empty, (links.board(board_name, "More on this"),))
    return unusual.marked_trend(stat(title, now, anomalies.trend(signal), says=says))


def plain_key(title: str, now: Query, unit: str, board_name: str) -> Panel:
    """A number that is not judged."""
    about = f"{title}: neither good nor bad by itself, but a sudden change is worth a look."
    return stat(title, now, says=Says(about, "not known", unit, (links.board(board_name, "More on this"),)))
