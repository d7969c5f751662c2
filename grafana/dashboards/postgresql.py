"""PostgreSQL: sessions, locks and transactions, statements, vacuum. Empty where the database is another."""

from grafana import annotations, levels, mappings
from grafana.dashboard import Dashboard
from grafana.dashboards import postgresql_server
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel
from grafana.graphs import graph, stacked
from grafana.grid import Section, section, top
from grafana.panels import PanelOptions
from grafana.queries import postgresql
from grafana.queries import postgresql_server as server
from grafana.queries.series import level as level_of
from grafana.sizes import Size
from grafana.steps import marked_from_one
from grafana.strips import count, level, numbers, signal, states, word
from grafana.tables import Column, table

OTHER = "the database is not PostgreSQL"
STATES = ("active", "idle", "idle in transaction", "idle in transaction (aborted)")
JUDGED = ("database_connections", "long_transaction", "lock_waiters", "deadlocks", "database_cache_hit_ratio")
THIRD, HALF = Size(8, 8), Size(12, 8)


def board() -> Dashboard:
    """From sessions down to what vacuum leaves."""
    return Dashboard(
        "postgresql",
        "PostgreSQL",
        "Who is connected, who waits for whom, which statements are heavy, does vacuum keep up?",
        (
            top(status(), last_hour(), data_and_alerts("postgresql", "database"), *sessions()),
            transactions(),
            statements(),
            vacuum(),
            postgresql_server.indexes(),
            postgresql_server.checkpoints(),
            postgresql_server.replication(),
            postgresql_server.identity(),
        ),
        marks=annotations.of_signals(levels.signals_of("postgresql")),
    )


def status() -> Panel:
    """The server now."""
    up = "Whether the PostgreSQL server answered our own SELECT 1."
    long = "Transactions open longer than the setting `database.long_transaction`. They hold locks."
    waiting = "Requests for a lock that wait for another session."
    return states(
        "Status",
        Size(8, 4),
        word("Server", postgresql.up(), up, mappings.good_if("up", "down")),
        count("Waiting", postgresql.lock_waiters(), waiting, marked_from_one()),
        count("Long", postgresql.long_transactions(), long, marked_from_one()),
    )


def last_hour() -> Panel:
    """Connections, age of transactions, cache."""
    judged = (
        "How grave connections, transactions, locks, deadlocks and cache are, by the levels in force; "
        "few: too little happens to judge what passes a level."
    )
    return numbers(
        "Last hour",
        Size(10, 4),
        signal("Connections", "database_connections", postgresql.connections()),
        signal("Oldest", "long_transaction", postgresql.oldest_transaction()),
        signal("Hit ratio", "database_cache_hit_ratio", postgresql.block_hits()),
        level(level_of(*JUDGED, wholes={"database_cache_hit_ratio": postgresql.block_hits()}), judged),
    )


def sessions() -> tuple[Panel, ...]:
    """Who is connected, and who waits."""
    who = "Client sessions by state. Many idle in transaction: code that forgets to commit."
    share = "Connections in use, as a share of those that the server allows to clients that are no superuser."
    wait = "Long transactions, and requests that wait for a lock."
    kept = ("long transactions", "waiting")
    return (
        stacked("Sessions by state", THIRD, PanelOptions(who, OTHER), postgresql.sessions(), names=STATES),
        graph(
            "Connections used", THIRD, PanelOptions(share, OTHER, signal="database_connections"),
            postgresql.connections(),
        ),
        graph(
            "Lock waits", THIRD, PanelOptions(wait, OTHER, signal="lock_waiters"),
            postgresql.long_transactions(), postgresql.lock_waiters(), names=kept,
        ),
    )  # fmt: skip


def transactions() -> Section:
    """What becomes of transactions, and what they lock."""
    ends = (
        "Transactions per second by end. SQLAlchemy ends a session that only reads with a rollback; "
        "rollbacks that rise without more requests: the application fails."
    )
    dead = "Deadlocks per second. PostgreSQL ends one of the sessions in each."
    locks = "Locks held or awaited, by mode. Many exclusive ones: a migration, or LOCK TABLE."
    kinds = ("committed", "rolled back")
    return section(
        "Transactions and locks",
        stacked(
            "Transactions", THIRD, PanelOptions(ends, OTHER, "ops"),
            *map(postgresql.transactions, ("commit", "rollback")), names=kinds, failures=kinds[1:],
        ),
        graph("Deadlocks", THIRD, PanelOptions(dead, OTHER, signal="deadlocks"), postgresql.deadlocks()),
        graph("Locks by mode", THIRD, PanelOptions(locks, OTHER), postgresql.locks()),
        *rows(),
    )  # fmt: skip


def rows() -> tuple[Panel, ...]:
    """Rows that are read and changed, and what does not fit into memory."""
    changed = "Rows inserted, updated and deleted per second."
    read = "Rows per second that scans return, and those that index scans fetch."
    temporary = "Bytes per second that queries write to temporary files, since work_mem is too small."
    changes = ("inserted", "updated", "deleted")
    reads = ("returned", "fetched")
    return (
        stacked(
            "Rows changed", THIRD, PanelOptions(changed, OTHER, "ops"),
            *map(server.rows, changes, changes), names=changes,
        ),
        graph("Rows read", THIRD, PanelOptions(read, OTHER, "ops"), *map(server.rows, reads, reads)),
        graph(
            "Temporary files", THIRD, PanelOptions(temporary, OTHER, "Bps"),
            server.temporary("bytes", "written"),
        ),
    )  # fmt: skip


def statements() -> Section:
    """Which statements are heavy, and how much is read from disk."""
    heavy = "Seconds per second in the five heaviest statements, by the number that the table below has, too."
    hits = "Blocks found in PostgreSQL's cache. Low for long: more memory or an index is needed."
    none = "pg_stat_statements is not installed"
    cached = PanelOptions(hits, OTHER, signal="database_cache_hit_ratio")
    return section(
        "Statements and cache",
        graph("Heaviest statements", HALF, PanelOptions(heavy, none, "percentunit"), postgresql.statements()),
        graph("Cache hit ratio", HALF, cached, postgresql.block_hits()),
        table_of_statements(none),
    )


def table_of_statements(none: str) -> Panel:
    """The heaviest statements, with their text where it may be shown."""
    about = "Statements by their time in the range. Texts need `database.statement_text`, and hold no values."
    columns = [
        Column("queryid", "Statement", 180),
        Column("query", "Text", empty="not shown"),
        Column("A", "Time", 100, "s", sort="greatest first"),
        Column("B", "Calls", 90, "short", decimals=0),
        Column("C", "Rows", 90, "short", decimals=0),
    ]
    return table("Statements", Size(24, 8), PanelOptions(about, none), server.statements(), columns)


def vacuum() -> Section:
    """What vacuum leaves behind."""
    dead = "Dead rows of the five worst tables. Rising for long: vacuum does not keep up."
    oldest = "Age of the oldest transaction and multixact, by the one at which vacuum is forced (100 %)."
    return section(
        "Vacuum",
        graph("Dead rows", Size(6, 8), PanelOptions(dead, OTHER), postgresql.dead_rows()),
        table_of_vacuum(),
        graph(
            "Wraparound", Size(6, 8), PanelOptions(oldest, OTHER, "percentunit"),
            server.wraparound("datfrozenxid", "autovacuum_freeze_max_age", "transactions"),
            server.wraparound("datminmxid", "autovacuum_multixact_freeze_max_age", "multixacts"),
        ),
    )  # fmt: skip


def table_of_vacuum() -> Panel:
    """Tables with live and dead rows, and their last autovacuum."""
    about = "Tables with their rows as PostgreSQL estimates them, the most dead rows first."
    columns = [
        Column("relname", "Table"),
        Column("A", "Live rows", 100, "short"),
        Column("B", "Dead rows", 110, "short", sort="greatest first"),
        Column("C", "Last autovacuum", 150, "dateTimeFromNow", "never"),
    ]
    asked = (postgresql.live_rows(), postgresql.dead_rows_now(), postgresql.last_autovacuum())
    return table("Tables by dead rows", HALF, PanelOptions(about, OTHER), asked, columns)
