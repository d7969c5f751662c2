"""What a PostgreSQL server reports of itself: checkpoints, archive, replication, WAL, limits, wraparound."""

from sqlalchemy import Connection, text

from exporter.sources.database.errors import HiddenFromRole
from exporter.sources.database.schema import current_role, require_statistics_role
from exporter.sources.database.views import View, Views, read_views

CHECKPOINTER_SINCE = (17,)  # the version that took checkpoints out of pg_stat_bgwriter
MAX_ROWS = 50  # of each view whose rows somebody else names
BGWRITER = View("bgwriter", "SELECT * FROM pg_stat_bgwriter")
CHECKPOINTER = View("checkpointer", "SELECT * FROM pg_stat_checkpointer")
ARCHIVER = View(
    "archiver",
    """
    SELECT archived_count, failed_count,
           extract(epoch FROM clock_timestamp() - last_archived_time) AS last_archive_age
    FROM pg_stat_archiver
    """,
)
# a replica that has replayed all it received lags behind by nothing, however old its last transaction
REPLICATION = View(
    "replication",
    """
    WITH state AS (
        SELECT pg_is_in_recovery() AS is_replica,
               extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS replayed
    )
    SELECT is_replica, replayed AS last_replay_seconds,
           CASE WHEN NOT is_replica OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                ELSE greatest(replayed, 0) END AS lag_seconds,
           CASE WHEN is_replica THEN greatest(replayed, 0) ELSE 0 END AS lag
    FROM state
    """,
)
WAL_POSITION = "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END"
STANDBYS = View(
    "standbys",
    f"""
    SELECT application_name, host(client_addr), '', state,
           max({WAL_POSITION} - '0/0'::pg_lsn) AS pg_current_wal_lsn_bytes,
           max({WAL_POSITION} - replay_lsn) AS pg_wal_lsn_diff, max(reply_time) AS reply_time
    FROM pg_stat_replication GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 4 LIMIT {MAX_ROWS}
    """,  # noqa: S608  (a constant of ours)
    ("application_name", "client_addr", "slot_name", "state"),
)
SLOTS = View(
    "slots",
    f"""
    SELECT slot_name, coalesce(database, ''), slot_type, wal_status, active,
           {WAL_POSITION} - restart_lsn AS pg_wal_lsn_diff,
           {WAL_POSITION} - '0/0'::pg_lsn AS slot_current_wal_lsn,
           CASE WHEN active THEN coalesce(confirmed_flush_lsn, '0/0') - '0/0'::pg_lsn END
               AS slot_confirmed_flush_lsn,
           safe_wal_size AS safe_wal_size_bytes, CASE WHEN wal_status IS NOT NULL THEN 1 END AS one
    FROM pg_replication_slots ORDER BY 1 LIMIT {MAX_ROWS}
    """,  # noqa: S608  (as above)
    ("slot_name", "database", "slot_type", "wal_status"),
)
VACUUMS = View(
    "vacuums",
    f"""
    SELECT v.datname, coalesce(CASE WHEN v.datname = current_database() THEN v.relid::regclass::text END,
                               v.relid::text), v.phase,
           sum(v.heap_blks_total) AS heap_blks, sum(v.heap_blks_scanned) AS heap_blks_scanned,
           sum(v.heap_blks_vacuumed) AS heap_blks_vacuumed, sum(v.index_vacuum_count) AS index_vacuums,
           sum((to_jsonb(v) ->> 'max_dead_tuples')::bigint) AS max_dead_tuples,
           sum((to_jsonb(v) ->> 'num_dead_tuples')::bigint) AS num_dead_tuples
    FROM pg_stat_progress_vacuum v GROUP BY 1, 2, 3 ORDER BY 1, 2 LIMIT {MAX_ROWS}
    """,  # noqa: S608  (as above)
    ("datname", "relname", "phase"),
)
SERVER_VIEWS = (BGWRITER, ARCHIVER, REPLICATION, SLOTS)
HIDDEN_VIEWS = (STANDBYS, VACUUMS)  # from roles without pg_read_all_stats

POSTMASTER = View("postmaster", "SELECT extract(epoch FROM pg_postmaster_start_time()) AS start_time_seconds")
STATIC = View(
    "static",
    "SELECT version(), (current_setting('server_version_num')::int / 10000) || '.'"
    " || (current_setting('server_version_num')::int % 10000) || '.0', 1 AS one",
    ("version", "short_version"),
)
DATABASES = View(
    "databases",
    """
    SELECT datname, datconnlimit AS connection_limit, age(datfrozenxid) AS age_datfrozenxid,
           mxid_age(datminmxid) AS age_datminmxid
    FROM pg_database WHERE datallowconn
    ORDER BY datname = current_database() DESC, oid LIMIT :databases
    """,
    ("datname",),
)
ROLES = View(
    "roles",
    f"""
    SELECT rolname, rolconnlimit AS connection_limit FROM pg_roles
    WHERE rolcanlogin ORDER BY oid LIMIT {MAX_ROWS}
    """,  # noqa: S608  (as above)
    ("rolname",),
)
CONFLICTS = View(
    "conflicts",
    """
    SELECT datid, datname, confl_tablespace, confl_lock, confl_snapshot, confl_bufferpin, confl_deadlock
    FROM pg_stat_database_conflicts JOIN pg_database USING (datname) WHERE NOT datistemplate
    ORDER BY datname = current_database() DESC, datid LIMIT :databases
    """,
    ("datid", "datname"),
)
DATABASE_TIMES = View(
    "database times",
    """
    SELECT datid, datname, blk_read_time, blk_write_time, coalesce(stats_reset, 'epoch') AS stats_reset,
           session_time, active_time, active_time / 1000 AS active_time_seconds, idle_in_transaction_time,
           sessions, sessions_abandoned, sessions_fatal, sessions_killed,
           checksum_failures, checksum_last_failure
    FROM pg_stat_database JOIN pg_database USING (datname) WHERE NOT datistemplate
    ORDER BY datname = current_database() DESC, datid LIMIT :databases
    """,
    ("datid", "datname"),
)
DATABASE_TIMES_SINCE = (14,)  # the version that counts sessions
WAL = View("wal", "SELECT count(*) AS segments, coalesce(sum(size), 0) AS size_bytes FROM pg_ls_waldir()")
SLOW_VIEWS = (POSTMASTER, STATIC, DATABASES, ROLES, CONFLICTS)
CAN_READ_WAL = text("SELECT has_function_privilege('pg_ls_waldir()', 'EXECUTE')")
IDLE_BOUNDS = (1, 2, 5, 15, 30, 60, 90, 120, 300)
IDLE = View(
    "idle",
    f"""
    WITH idle AS (
        SELECT application_name, greatest(extract(epoch FROM clock_timestamp() - state_change), 0) AS age
        FROM pg_stat_activity
        WHERE state = 'idle' AND backend_type = 'client backend' AND application_name <> :own
    )
    SELECT application_name, count(*) AS count, sum(age) AS total,
           {", ".join(f"count(*) FILTER (WHERE age <= {bound}) AS le_{bound}" for bound in IDLE_BOUNDS)}
    FROM idle GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MAX_ROWS}
    """,  # noqa: S608  (as above)
    ("application_name",),
)


def read_server(connection: Connection) -> Views:
    """Checkpoints, archive, replication and slots, which every role may read."""
    version = connection.dialect.server_version_info or ()
    views = (*SERVER_VIEWS, CHECKPOINTER) if version >= CHECKPOINTER_SINCE else SERVER_VIEWS
    return read_views(connection, views)


def read_processes(connection: Connection, own: str) -> Views:
    """Standbys, vacuums and idle sessions. Raises HiddenFromRole where those of other roles are hidden."""
    require_statistics_role(connection, "processes")
    return read_views(connection, (*HIDDEN_VIEWS, IDLE), own=own)


def read_identity(connection: Connection, databases: int) -> Views:
    """Version, start, limits and ages of databases and roles, and what the server counts of each database."""
    version = connection.dialect.server_version_info or ()
    views = (*SLOW_VIEWS, DATABASE_TIMES) if version >= DATABASE_TIMES_SINCE else SLOW_VIEWS
    return read_views(connection, views, databases=databases)


def read_wal(connection: Connection) -> Views:
    """Files of the WAL. Raises HiddenFromRole where our role may not list them."""
    if not connection.execute(CAN_READ_WAL).scalar_one():
        role = current_role(connection)
        raise HiddenFromRole(
            f"database hides the files of the WAL from {role}; "
            f"GRANT pg_monitor TO {role}, or EXECUTE ON FUNCTION pg_ls_waldir()"
        )
    return read_views(connection, (WAL,))
