"""The database: its pool, its answers, its sessions and locks, its tables and statements."""

from grafana.grafana_json import Query, query
from grafana.queries.series import age, least, most, own, per, rate, state, top, total

POOL = "ops_database_pool_{part}_connections"


def up() -> Query:
    """Whether the database answers our own question."""
    return query(least(own("ops_database_up")), "observed")


def observed_state() -> Query:
    """The database as our own question finds it, as the number of a status."""
    return query(f"3 * (1 - {least(own('ops_database_up'))})", "observed")


def ping() -> Query:
    """Time that our own question took."""
    return query(most(own("ops_database_ping_seconds")), "SELECT 1")


def reported() -> Query:
    """What the backend says of its database."""
    return query(state("ops_database_reported_status"), "reported")


def warnings() -> Query:
    """Warnings in the backend's own report."""
    return query(most(own("ops_database_reported_warnings")), "warnings")


def pool_use() -> Query:
    """Share of the pool's real capacity that is lent."""
    return query(most(own("ops_database_pool_use_ratio")), "in use")


def pool(part: str) -> Query:
    """Connections of the pool: capacity, checked_out, idle or overflow."""
    return query(most(own(POOL.format(part=part))), part.replace("_", " "))


def slow() -> Query:
    """Slow queries a second, as the backend counts them."""
    return query(total(rate("ops_backend_slow_queries_total")), "slow queries")


def method_mean() -> Query:
    """Mean time of the backend's timed methods, which ask the database."""
    seconds, calls = (rate(f"ops_backend_method_{name}_total") for name in ("seconds", "calls"))
    return query(top(5, per(total(seconds, "method"), total(calls, "method"))), "{{method}}")


def rows() -> Query:
    """Rows by table."""
    return query(most(own("ops_database_table_rows"), "table"), rows=True)


def sizes() -> Query:
    """Bytes by table."""
    return query(most(own("ops_database_table_size_bytes"), "table"), rows=True)


def rows_a_day() -> Query:
    """By how many rows each table has grown in a day."""
    return query(most(f"delta({own('ops_database_table_rows')}[1d])", "table"), rows=True)


def size() -> Query:
    """Bytes of the whole database."""
    return query(most(own("ops_database_size_bytes")), "database")


def biggest_tables() -> Query:
    """The course of the five biggest tables."""
    return query(top(5, most(own("ops_database_table_rows"), "table")), "{{table}}")


def sessions() -> Query:
    """Client sessions by what they do."""
    return query(total(own("pg_stat_activity_count"), "state"), "{{state}}")


def connections() -> Query:
    """Connections as a share of those that PostgreSQL allows."""
    return query(
        f"{total(own('pg_stat_activity_count'))} / {most(own('pg_settings_max_connections'))}", "in use"
    )


def oldest_transaction() -> Query:
    """Age of the oldest open transaction, 0 where none is open."""
    found, none = most(own("pg_stat_activity_max_tx_duration")), f"0 * {most(own('pg_up'))}"
    return query(f"{found} or {none}", "oldest")


def long_transactions() -> Query:
    """Transactions that have been open for long."""
    return query(most(own("pg_long_running_transactions")), "long transactions")


def locks() -> Query:
    """Locks by mode."""
    return query(total(own("pg_locks_count"), "mode"), "{{mode}}")


def lock_waiters() -> Query:
    """Requests for a lock that wait."""
    return query(total(own("ops_database_lock_waiters")), "waiting")


def deadlocks() -> Query:
    """Deadlocks a second."""
    return query(total(rate("pg_stat_database_deadlocks")), "deadlocks")


def transactions(kind: str) -> Query:
    """Transactions a second that were committed or rolled back."""
    return query(
        total(rate(f"pg_stat_database_xact_{kind}")), {"commit": "committed"}.get(kind, "rolled back")
    )


def block_hits() -> Query:
    """Share of the blocks that PostgreSQL found in its cache."""
    hit, read = (total(rate(f"pg_stat_database_blks_{name}")) for name in ("hit", "read"))
    return query(per(hit, f"({hit} + {read})"), "found in cache")


def statements() -> Query:
    """Seconds a second spent in the heaviest statements."""
    return query(top(5, total(rate("pg_stat_statements_seconds_total"), "queryid")), "{{queryid}}")


def dead_rows() -> Query:
    """Dead rows by table, the five worst."""
    return query(top(5, most(own("pg_stat_user_tables_n_dead_tup"), "relname")), "{{relname}}")


def vacuumed() -> Query:
    """How long ago autovacuum cleaned each of the tables that waited longest."""
    seen = most(own("pg_stat_user_tables_last_autovacuum"), "relname")
    return query(top(5, f"({age(seen)})"), "{{relname}}")
