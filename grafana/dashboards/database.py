"""The database: does it answer, is the pool full, what is slow, what is big."""

from grafana import annotations, levels, links, mappings
from grafana.dashboard import Dashboard
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel
from grafana.graphs import graph
from grafana.grid import Section, section, top
from grafana.panels import PanelOptions
from grafana.queries import database
from grafana.queries.series import level as level_of
from grafana.sizes import Size
from grafana.strips import Cell, level, numbers, signal, states, word
from grafana.tables import Column, table

NO_POOL = "the backend reports no pool"
OFF = "no database is polled: set DATABASE_URL"
POOL = ("capacity", "checked_out", "idle", "overflow")
NAMES = tuple(it.replace("_", " ") for it in POOL)
JUDGED = ("database_up", "pool_use", "database_latency", "slow_queries")
THIRD, WIDE, HALF = Size(8, 8), Size(16, 8), Size(12, 9)
WAS = {
    "Status": "Answers",
    "Last hour": "Its answer takes",
    "Data and alerts": "Alerts on this",
    "Pool connections": "Connections of the pool",
    "Ping time": "Time of SELECT 1",
    "Method duration": "Methods that ask it",
    "Table growth": "Biggest tables",
}


def board() -> Dashboard:
    """From whether it answers down to its tables."""
    return Dashboard(
        "database",
        "Database",
        "Does the database answer, is the pool full, what is slow, what is big?",
        (top(status(), last_hour(), data_and_alerts("database", "database"), *pool()), slow(), tables()),
        marks=annotations.of_signals(levels.signals_of("database")),
        was=WAS,
    )


def status() -> Panel:
    """What is observed beside what is reported."""
    observed = "Whether the database answered our own SELECT 1."
    reported = "The backend's report on its database. It can be wrong."
    more = links.board("postgresql", "PostgreSQL")
    return states(
        "Status",
        Size(6, 4),
        word("Observed", database.up(), observed, mappings.good_if("up", "down"), more),
        Cell("Reported", database.reported(), reported, words=mappings.status()),
    )


def last_hour() -> Panel:
    """Speed, pool and size."""
    judged = "How grave ping, pool, slow queries and reachability are, by the levels in force."
    size = "Bytes of the whole database."
    return numbers(
        "Last hour",
        Size(12, 4),
        signal("Ping", "database_latency", database.ping()),
        signal("Pool used", "pool_use", database.pool_use()),
        signal("Slow queries", "slow_queries", database.slow()),
        Cell("Size", database.size(), size, "bytes"),
        level(level_of(*JUDGED), judged),
    )


def pool() -> tuple[Panel, ...]:
    """The connection pool, and the time of a ping."""
    use = "Checked out connections over the pool's capacity. At 100 % requests wait, then fail."
    lent = "Connections by state. Checked out near capacity for long: slow queries, or leaks."
    ping = "Time of our own SELECT 1. Long: the database is busy or far away."
    return (
        graph("Pool use", THIRD, PanelOptions(use, NO_POOL, signal="pool_use"), database.pool_use()),
        graph("Pool connections", THIRD, PanelOptions(lent, NO_POOL), *map(database.pool, POOL), names=NAMES),
        graph("Ping time", THIRD, PanelOptions(ping, OFF, signal="database_latency"), database.ping()),
    )


def slow() -> Section:
    """What takes long."""
    queries = "Queries over 100 ms per second, over five minutes, as the backend counts them."
    mean = "Mean time of the backend's timed methods, which query the database; the five slowest."
    counted = PanelOptions(queries, "the backend counts no slow queries", signal="slow_queries")
    return section(
        "Slow queries and methods",
        graph("Slow queries", THIRD, counted, database.slow()),
        graph(
            "Method duration", WIDE, PanelOptions(mean, "no timed method ran", "s"), database.method_mean()
        ),
    )


def tables() -> Section:
    """What is big."""
    rows = "Rows of the five biggest tables. A step is an import; a slope is growth that needs a plan."
    return section(
        "Tables",
        table_of_tables(),
        graph("Table growth", HALF, PanelOptions(rows, OFF), database.biggest_tables()),
    )


def table_of_tables() -> Panel:
    """Tables with rows, bytes and growth."""
    about = "Rows are counted on SQLite and estimated by the server on PostgreSQL."
    columns = [
        Column("table", "Table"),
        Column("A", "Rows", 100, "short", sort="greatest first"),
        Column("B", "Size", 100, "bytes"),
        Column("C", "Rows, 1 day", 110, "short"),
    ]
    asked = (database.rows(), database.sizes(), database.rows_a_day())
    return table("Tables", HALF, PanelOptions(about, OFF), asked, columns)
