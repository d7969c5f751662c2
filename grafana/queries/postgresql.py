"""PostgreSQL's own statistics: sessions, locks, transactions, statements, vacuum."""

from grafana.grafana_json import Query, query
from grafana.queries.series import (
    leading,
    least,
    mean_rate,
    moment,
    most,
    own,
    per,
    rate,
    recorded,
    risen_most,
    total,
)
from prometheus.panel_rules import DEAD_ROWS


def up() -> Query:
    """Whether the server answers our own question."""
    return query(least(own("pg_up")), "server")


def sessions() -> Query:
    """Client sessions by state."""
    return query(total(own("pg_stat_activity_count"), "state"), "{{state}}")


def connections() -> Query:
    """Connections as a share of those that the server allows to clients that are no superuser."""
    used, allowed = total(own("pg_stat_activity_count")), most(own("pg_settings_max_connections"))
    reserved = most(own("pg_settings_superuser_reserved_connections"))
    return query(f"{used} / ({allowed} - {reserved} > 0)", "used")


def oldest_transaction() -> Query:
    """Age of the oldest open transaction, 0 where none is open."""
    found, none = most(own("pg_stat_activity_max_tx_duration")), f"0 * {most(own('pg_up'))}"
    return query(f"{found} or {none}", "oldest")


def long_transactions() -> Query:
    """Transactions that have been open for long."""
    return query(most(own("pg_long_running_transactions")), "long transactions")


def lock_waiters() -> Query:
    """Requests for a lock that wait."""
    return query(total(own("ops_database_lock_waiters")), "waiting")


def locks() -> Query:
    """Locks by mode."""
    return query(total(own("pg_locks_count"), "mode"), "{{mode}}")


def deadlocks() -> Query:
    """Deadlocks a second."""
    return query(total(rate("pg_stat_database_deadlocks")), "deadlocks")


def transactions(kind: str) -> Query:
    """Transactions a second that were committed or rolled back."""
    name = {"commit": "committed"}.get(kind, "rolled back")
    return query(total(rate(f"pg_stat_database_xact_{kind}")), name)


def block_hits() -> Query:
    """Share of the blocks that PostgreSQL found in its cache."""
    hit, read = (total(rate(f"pg_stat_database_blks_{name}")) for name in ("hit", "read"))
    return query(per(hit, f"({hit} + {read})"), "hit ratio")


def statements() -> Query:
    """Seconds a second spent in the five heaviest statements of the range."""
    spent = (recorded("queryid:pg_stat_statements_seconds:rate5m"), "queryid")
    return query(leading(5, "queryid", mean_rate(*spent), risen_most(*spent)), "{{queryid}}")


def dead_rows() -> Query:
    """Dead rows of the five worst tables of the range."""
    metric = recorded(DEAD_ROWS)
    ranking = most(f"max_over_time({metric}[$__range] @ end())", "relname")
    return query(leading(5, "relname", most(metric, "relname"), ranking), "{{relname}}")


def live_rows() -> Query:
    """Live rows by table."""
    return query(most(own("pg_stat_user_tables_n_live_tup"), "relname"))


def dead_rows_now() -> Query:
    """Dead rows by table."""
    return query(most(own("pg_stat_user_tables_n_dead_tup"), "relname"))


def last_autovacuum() -> Query:
    """When autovacuum last cleaned each table, silent for those that it never has."""
    return query(moment(f"({most(own('pg_stat_user_tables_last_autovacuum'), 'relname')} > 0)"))
