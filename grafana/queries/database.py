"""The database: its pool, its reachability, its slow queries and its tables."""

from grafana.grafana_json import Query, query
from grafana.queries.api import slowest_methods
from grafana.queries.series import (
    leading,
    least,
    most,
    own,
    recorded,
    signal,
    state,
)
from prometheus.panel_rules import TABLE_ROWS

POOL = "ops_database_pool_{part}_connections"


def up() -> Query:
    """Whether the database answers our own question."""
    return query(least(own("ops_database_up")), "observed")


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
    """Slow queries a second over five minutes, as the backend counts them and the level judges."""
    return signal("slow_queries", "slow queries")


def method_mean() -> Query:
    """Mean time of the backend's timed methods, which ask the database."""
    return query(slowest_methods(5), "{{method}}")


def rows() -> Query:
    """Rows by table."""
    return query(most(own("ops_database_table_rows"), "table"))


def sizes() -> Query:
    """Bytes by table."""
    return query(most(own("ops_database_table_size_bytes"), "table"))


def rows_a_day() -> Query:
    """By how many rows each table has grown in a day."""
    return query(most(f"delta({own('ops_database_table_rows')}[1d])", "table"))


def size() -> Query:
    """Bytes of the whole database."""
    return query(most(own("ops_database_size_bytes")), "database")


def biggest_tables() -> Query:
    """The course of the five biggest tables."""
    metric = recorded(TABLE_ROWS)
    ranking = most(f"max_over_time({metric}[$__range] @ end())", "table")
    return query(leading(5, "table", most(metric, "table"), ranking), "{{table}}")
