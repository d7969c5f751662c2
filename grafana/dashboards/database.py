"""The database: does it answer, is the pool full, what is slow, what is big, who waits for whom."""

from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.grafana_json import Panel
from grafana.old_grid import Band, row
from grafana.old_panels import Says, judged, stat, status_says, timeseries, words
from grafana.old_tables import Column, table
from grafana.queries import database
from grafana.queries.series import levels_of

NO_POOL = "the backend reports no pool"
SQLITE = "only on PostgreSQL"
OFF = "the database is not asked: set DATABASE_URL"
POOL = ("capacity", "checked_out", "idle", "overflow")


def board() -> Dashboard:
    """From whether it answers down to its tables."""
    return Dashboard(
        "database",
        "Database",
        "Does the database answer, is the pool full, what is slow, what is big, who waits for whom?",
        (freshness.fresh("database", "database"), now(), pool(), queries(), sessions(), tables(), upkeep()),
    )


def now() -> Band:
    """The present state in numbers."""
    reported = status_says("The backend's own word on its database; it may be wrong.", "no report")
    up = Says("Whether the database answered our own SELECT 1.", OFF, "none", more=freshness.works())
    ping = Says("Time of our own SELECT 1. Long: it is busy or far away.", OFF, "s")
    pool = judged("pool_use", "Connections lent, as a share of what the pool can lend.", NO_POOL)
    share = judged("database_connections", "Connections in use, of those that PostgreSQL allows.", SQLITE)
    oldest = judged("long_transaction", "Age of the oldest open transaction; it holds locks.", SQLITE)
    size = Says("Bytes of the whole database.", OFF, "bytes")
    return row(
        "Now",
        words("Answers", database.up(), says=up),
        words("Says", database.reported(), says=reported),
        stat("Its answer takes", database.ping(), says=ping),
        stat("Pool in use", database.pool_use(), says=pool),
        stat("Connections in use", database.connections(), says=share),
        stat("Oldest transaction", database.oldest_transaction(), says=oldest),
        stat("Size", database.size(), says=size),
        height=4,
    )


def pool() -> Band:
    """The connection pool."""
    use = "Share of the pool that is lent, against its levels. At 100 % requests wait, then fail."
    lent = "Connections by what they do. Lent near capacity for long: slow queries, or leaks."
    ping = "Time of our own SELECT 1, and slow queries that the backend counts."
    lines = levels_of("pool_use", ("warning", "critical"))
    return row(
        "Is the pool full?",
        timeseries("Pool use", database.pool_use(), *lines, says=Says(use, NO_POOL, "percentunit")),
        timeseries("Connections of the pool", *map(database.pool, POOL), says=Says(lent, NO_POOL)),
        timeseries("Time of SELECT 1", database.ping(), says=Says(ping, OFF, "s")),
    )


def queries() -> Band:
    """What is slow."""
    slow = "Queries over 100 ms a second, as the backend counts them, against the level in force."
    heavy = (
        "Seconds a second spent in the five heaviest statements; look the number up in pg_stat_statements."
    )
    hits = "Share of the blocks found in PostgreSQL's cache. Low for long: it needs more memory, or an index."
    mean = "Mean time of the backend's timed methods, which ask the database."
    slow_levels = levels_of("slow_queries", ("warning",))
    hit_levels = levels_of("database_cache_hit_ratio", ("warning",))
    none = "pg_stat_statements is not installed, or this is SQLite"
    return row(
        "What is slow?",
        timeseries("Slow queries", database.slow(), *slow_levels, says=Says(slow, "not counted", "cps")),
        timeseries("Methods that ask it", database.method_mean(), says=Says(mean, "none ran", "s")),
        timeseries("Heaviest statements", database.statements(), says=Says(heavy, none, "percentunit")),
        timeseries(
            "Found in its cache", database.block_hits(), *hit_levels, says=Says(hits, SQLITE, "percentunit")
        ),
    )


def sessions() -> Band:
    """Who waits for whom."""
    who = "Client sessions by what they do. Many idle in transaction: code that forgets to commit."
    long = "Transactions open for over a minute, and requests that wait for a lock."
    locks = "Locks by mode. ExclusiveLock in numbers: a migration, or LOCK TABLE."
    ends = "Transactions a second, and deadlocks. Rollbacks rising: the application fails."
    kinds = ("commit", "rollback")
    return row(
        "Who waits for whom?",
        timeseries("Sessions", database.sessions(), says=Says(who, SQLITE)),
        timeseries(
            "Long transactions, waiting for locks",
            database.long_transactions(),
            database.lock_waiters(),
            says=Says(long, SQLITE),
        ),
        timeseries("Locks", database.locks(), says=Says(locks, SQLITE)),
        timeseries(
            "Transactions",
            *map(database.transactions, kinds),
            database.deadlocks(),
            says=Says(ends, SQLITE, "ops"),
        ),
    )


def tables() -> Band:
    """What is big."""
    rows = "The five biggest tables over time. A step: an import; a slope: growth that needs a plan."
    return row(
        "What is big?",
        table_of_tables(),
        timeseries("Biggest tables", database.biggest_tables(), says=Says(rows, OFF)),
        height=9,
    )


def table_of_tables() -> Panel:
    """Tables with rows, bytes and growth."""
    about = "Rows are counted on SQLite, on PostgreSQL estimated by the server."
    columns = [
        Column("table", "Table"),
        Column("A", "Rows", "short"),
        Column("B", "Size", "bytes", "not told"),
        Column("C", "Rows in 1 day", "short", "not known yet"),
    ]
    asked = (database.rows(), database.sizes(), database.rows_a_day())
    return table("Tables", *asked, says=Says(about, OFF, "none"), columns=columns, sort="Rows")


def upkeep() -> Band:
    """What vacuum leaves behind."""
    dead = "Dead rows by table, the five worst. Rising for long: vacuum does not keep up."
    waited = "Time since autovacuum last cleaned a table, the five that waited longest."
    none = f"{SQLITE}, or no table was ever cleaned"
    return row(
        "Upkeep",
        timeseries("Dead rows", database.dead_rows(), says=Says(dead, SQLITE)),
        timeseries("Since the last autovacuum", database.vacuumed(), says=Says(waited, none, "s")),
        height=7,
    )
