"""The PostgreSQL server itself: checkpoints, WAL, archive, replication, wraparound, indexes, settings."""

from grafana.grafana_json import Query, query
from grafana.queries.series import age, increase, moment, most, own, per, rate, total

BGWRITER = "pg_stat_bgwriter_{}_total"
# from PostgreSQL 17 on checkpoints have names of their own
CHECKPOINTER = {
    "checkpoints_timed": "num_timed",
    "checkpoints_req": "num_requested",
    "checkpoint_write_time": "write_time",
    "checkpoint_sync_time": "sync_time",
    "buffers_checkpoint": "buffers_written",
}
TABLE = ("schemaname", "relname")
INDEX = (*TABLE, "indexrelname")
STANDBY = ("application_name", "client_addr", "state")


def written(column: str, name: str) -> Query:
    """What checkpoints and writers do a second, whatever the version calls it."""
    return query(writing(column), name)


def writing(column: str) -> str:
    """The rate of a column of the writers."""
    old = total(rate(BGWRITER.format(column)))
    new = CHECKPOINTER.get(column)
    return f"{old} or {total(rate(f'pg_stat_checkpointer_{new}_total'))}" if new else old


def checkpoint_share(column: str, name: str) -> Query:
    """The share of the time that checkpoints spend so; the server counts milliseconds."""
    return query(f"({writing(column)}) / 1000", name)


def statistics_reset() -> Query:
    """When the counts of checkpoints began."""
    found = [own(BGWRITER.format("stats_reset")), own("pg_stat_checkpointer_stats_reset_total")]
    return query(age(most(" or ".join(found))), "counted")


def restartpoints(column: str) -> Query:
    """Restartpoints a second, which only a replica from PostgreSQL 17 on counts."""
    return query(total(rate(f"pg_stat_checkpointer_restartpoints_{column}_total")), f"restartpoints {column}")


def archived(column: str, name: str) -> Query:
    """WAL files a second that were archived, or were not."""
    return query(total(rate(f"pg_stat_archiver_{column}_count")), name)


def archive_age() -> Query:
    """How long ago a file was last archived."""
    return query(most(own("pg_stat_archiver_last_archive_age")), "archived")


def wal(column: str, name: str) -> Query:
    """Files of the WAL, or their size."""
    return query(most(own(f"pg_wal_{column}")), name)


def setting(name: str, legend: str) -> Query:
    """A setting of the server."""
    return query(most(own(f"pg_settings_{name}")), legend)


def role() -> Query:
    """Whether the server is a replica."""
    return query(most(own("pg_replication_is_replica")), "role")


def lag() -> Query:
    """How far a replica is behind."""
    return query(most(own("pg_replication_lag_seconds")), "lag")


def standbys() -> list[Query]:
    """Bytes that each standby has not replayed, its last reply, and the position of the WAL."""
    replied = most(own("pg_stat_replication_reply_time"), *STANDBY)
    return [
        query(most(own("pg_stat_replication_pg_wal_lsn_diff"), *STANDBY)),
        query(moment(replied)),
        query(most(own("pg_stat_replication_pg_current_wal_lsn_bytes"), *STANDBY)),
    ]


def slots() -> list[Query]:
    """WAL that each slot keeps, and whether it is in use."""
    return [
        query(most(own("pg_replication_slots_pg_wal_lsn_diff"), "slot_name")),
        query(most(own("pg_replication_slots_active"), "slot_name")),
    ]


def standby_backlog() -> Query:
    """Bytes that each standby has not replayed."""
    metric = own("pg_stat_replication_pg_wal_lsn_diff")
    return query(most(metric, "application_name"), "{{application_name}}")


def conflicts() -> Query:
    """Queries a second that a replica cancelled."""
    return query(total(rate("pg_stat_database_conflicts")), "conflicts")


def wraparound(kind: str, limit: str, name: str) -> Query:
    """Age of the oldest transaction or multixact, as a share of the one at which vacuum is forced."""
    oldest = most(own(f"pg_database_wraparound_age_{kind}_seconds"))
    return query(per(oldest, most(own(f"pg_settings_{limit}"))), name)


def unused_indexes() -> Query:
    """Sizes of indexes that are never used."""
    return query(most(own("ops_database_unused_index_size_bytes"), *INDEX))


def unlisted(kind: str) -> Query:
    """Tables or indexes without series of their own."""
    return query(most(own("ops_database_unlisted_relations", kind=kind)), kind)


def uptime() -> Query:
    """How long ago the server started."""
    return query(age(most(own("pg_postmaster_start_time_seconds"))), "uptime")


def version() -> Query:
    """The version of the server, as a label."""
    return query(most(own("pg_static"), "short_version", "version"))


def failed_reads() -> Query:
    """Whether a read of the statistics failed."""
    return query(f"1 - {most(own('pg_exporter_last_scrape_error'))}", "reads")


def rows(column: str, name: str) -> Query:
    """Rows a second."""
    return query(total(rate(f"pg_stat_database_tup_{column}")), name)


def temporary(column: str, name: str) -> Query:
    """Temporary files, or their bytes, a second."""
    return query(total(rate(f"pg_stat_database_temp_{column}")), name)


def table_scans() -> list[Query]:
    """Scans of each table in the range: sequential ones, and those of indexes."""
    return [query(total(increase(f"pg_stat_user_tables_{kind}_scan"), "relname")) for kind in ("seq", "idx")]


def statements() -> list[Query]:
    """Seconds, calls and rows of each statement in the range; with its text where that is shown."""
    text = most(own("pg_stat_statements_query_id"), "queryid", "query")
    found = []
    for what in ("seconds", "calls", "rows"):
        spent = total(increase(f"pg_stat_statements_{what}_total"), "queryid")
        named = f"{spent} * on (queryid) group_left (query) {text}"
        found.append(query(f"{named} or ({spent} unless on (queryid) {text})"))
    return found
