"""The metrics of PostgreSQL's views, by column, under the names of postgres_exporter."""

from collections.abc import Mapping

from exporter.metrics import Counter, Gauge, Histogram, PlainCounter, Untyped

Metrics = Mapping[str, Gauge]
MILLISECONDS = ", in milliseconds."


def counters(prefix: str, abouts: Mapping[str, str], labels: tuple[str, ...] = ()) -> dict[str, Gauge]:
    """Counters by column, whose names end in _total."""
    return {name: Counter(f"{prefix}_{name}_total", about, labels) for name, about in abouts.items()}


def plain_counters(prefix: str, abouts: Mapping[str, str], labels: tuple[str, ...] = ()) -> dict[str, Gauge]:
    """Counters by column, whose names are those of the columns."""
    return {name: PlainCounter(f"{prefix}_{name}", about, labels) for name, about in abouts.items()}


def gauges(prefix: str, abouts: Mapping[str, str], labels: tuple[str, ...] = ()) -> dict[str, Gauge]:
    """Gauges by column."""
    return {name: Gauge(f"{prefix}_{name}", about, labels) for name, about in abouts.items()}


RESET = "Unix time of the last reset of these statistics."
BGWRITER = counters("pg_stat_bgwriter", {
    "checkpoints_timed": "Checkpoints by checkpoint_timeout.",
    "checkpoints_req": "Checkpoints on request, as for max_wal_size.",
    "buffers_checkpoint": "Buffers written by checkpoints.",
    "buffers_clean": "Buffers written by the background writer.",
    "buffers_backend": "Buffers written by backends themselves.",
})  # fmt: skip
BGWRITER_DETAILS = counters("pg_stat_bgwriter", {
    "checkpoint_write_time": "Time in which checkpoints wrote files" + MILLISECONDS,
    "checkpoint_sync_time": "Time in which checkpoints synced files" + MILLISECONDS,
    "maxwritten_clean": "Rounds of the background writer that ended at bgwriter_lru_maxpages.",
    "buffers_backend_fsync": "Calls of fsync by backends themselves.",
    "buffers_alloc": "Buffers allocated.",
    "stats_reset": RESET,
})  # fmt: skip
# from PostgreSQL 17 on, in place of the checkpoints above
CHECKPOINTER = counters("pg_stat_checkpointer", {
    "num_timed": "Checkpoints by checkpoint_timeout.",
    "num_requested": "Checkpoints on request, as for max_wal_size.",
    "restartpoints_timed": "Restartpoints by checkpoint_timeout.",
    "restartpoints_req": "Restartpoints on request.",
    "restartpoints_done": "Restartpoints done.",
    "buffers_written": "Buffers written by checkpoints.",
})  # fmt: skip
CHECKPOINTER_DETAILS = counters("pg_stat_checkpointer", {
    "write_time": "Time in which checkpoints wrote files" + MILLISECONDS,
    "sync_time": "Time in which checkpoints synced files" + MILLISECONDS,
    "stats_reset": RESET,
})  # fmt: skip
ARCHIVER: Metrics = {
    **plain_counters("pg_stat_archiver", {
        "archived_count": "WAL files archived.",
        "failed_count": "Failed attempts to archive a WAL file.",
    }),
    **gauges("pg_stat_archiver", {"last_archive_age": "Seconds since a WAL file was last archived."}),
}  # fmt: skip
REPLICATION = gauges("pg_replication", {
    "is_replica": "Whether the server is a replica.",
    "lag_seconds": "Seconds by which a replica is behind; 0 where all is replayed.",
})  # fmt: skip
LAST_REPLAY = gauges(
    "pg_replication", {"last_replay_seconds": "Seconds since the last transaction was replayed."}
)
SLOTS = gauges("pg_replication_slots", {
    "active": "Whether the replication slot is in use.",
    "pg_wal_lsn_diff": "Bytes of WAL that the replication slot keeps.",
}, ("slot_name", "database"))  # fmt: skip
SLOT_LABELS = ("slot_name", "slot_type")
SLOT_POSITIONS: Metrics = {
    "slot_current_wal_lsn": Gauge(
        "pg_replication_slot_slot_current_wal_lsn", "Position of the WAL, in bytes.", SLOT_LABELS
    ),
    "slot_confirmed_flush_lsn": Gauge(
        "pg_replication_slot_slot_confirmed_flush_lsn",
        "Position up to which the consumer of the slot has confirmed, in bytes.",
        SLOT_LABELS,
    ),
    "active": Gauge(
        "pg_replication_slot_slot_is_active", "Whether the replication slot is in use.", SLOT_LABELS
    ),
    "safe_wal_size_bytes": Gauge(
        "pg_replication_slot_safe_wal_size_bytes", "Bytes of WAL until the slot may be lost.", SLOT_LABELS
    ),
    "one": Gauge(
        "pg_replication_slot_wal_status",
        "Whether the WAL of the slot is there.",
        (*SLOT_LABELS, "wal_status"),
    ),
}
STANDBYS = gauges("pg_stat_replication", {
    "pg_current_wal_lsn_bytes": "Position of the WAL, in bytes.",
    "pg_wal_lsn_diff": "Bytes of WAL that the standby has not replayed.",
    "reply_time": "Unix time of the standby's last reply.",
}, ("application_name", "client_addr", "slot_name", "state"))  # fmt: skip
VACUUM_LABELS = ("datname", "relname")
VACUUMS: Metrics = {
    "phase": Gauge(
        "pg_stat_progress_vacuum_phase", "Phase of the running vacuum.", (*VACUUM_LABELS, "phase")
    ),
    **gauges("pg_stat_progress_vacuum", {
        "heap_blks": "Blocks of the table that is vacuumed.",
        "heap_blks_scanned": "Blocks that the running vacuum has scanned.",
        "heap_blks_vacuumed": "Blocks that the running vacuum has vacuumed.",
        "index_vacuums": "Index vacuums that the running vacuum has completed.",
        "max_dead_tuples": "Dead rows that the running vacuum can store before it cleans indexes.",
        "num_dead_tuples": "Dead rows that the running vacuum has found since it last cleaned indexes.",
    }, VACUUM_LABELS),
}  # fmt: skip
IDLE = Histogram(
    "pg_process_idle_seconds", "Idle time of client sessions, without our own.", ("application_name",)
)
POSTMASTER = gauges("pg_postmaster", {"start_time_seconds": "Unix time of the server's start."})
STATIC: Metrics = {"one": Untyped("pg_static", "Version of the server.", ("version", "short_version"))}
WRAPAROUND: Metrics = {
    "age_datfrozenxid": Gauge(
        "pg_database_wraparound_age_datfrozenxid_seconds",
        "Age of the oldest transaction ID, in transactions.",
        ("datname",),
    ),
    "age_datminmxid": Gauge(
        "pg_database_wraparound_age_datminmxid_seconds",
        "Age of the oldest multixact ID, in multixacts.",
        ("datname",),
    ),
}
DATABASE_LIMITS = gauges(
    "pg_database", {"connection_limit": "Connection limit of the database, -1 for none."}, ("datname",)
)
ROLE_LIMITS = gauges(
    "pg_roles", {"connection_limit": "Connection limit of the role, -1 for none."}, ("rolname",)
)
WAL = gauges("pg_wal", {"segments": "Files of the WAL.", "size_bytes": "Size of all files of the WAL."})
DATABASE_LABELS = ("datid", "datname")
CONFLICTS = plain_counters("pg_stat_database_conflicts", {
    "confl_tablespace": "Queries cancelled since a tablespace was dropped.",
    "confl_lock": "Queries cancelled for a lock.",
    "confl_snapshot": "Queries cancelled for an old snapshot.",
    "confl_bufferpin": "Queries cancelled for a pinned buffer.",
    "confl_deadlock": "Queries cancelled for a deadlock.",
}, DATABASE_LABELS)  # fmt: skip
UNTYPED_TIMES = {
    "session_time": "Time of all sessions" + MILLISECONDS,
    "active_time": "Time spent in statements" + MILLISECONDS,
    "idle_in_transaction_time": "Time spent idle in a transaction" + MILLISECONDS,
    "sessions": "Sessions opened (counter).",
    "sessions_abandoned": "Sessions lost (counter).",
    "sessions_fatal": "Sessions ended by a fatal error (counter).",
    "sessions_killed": "Sessions ended by an operator (counter).",
    "checksum_failures": "Pages whose checksum was wrong (counter).",
    "checksum_last_failure": "Unix time of the last wrong checksum.",
}
DATABASE_TIMES: Metrics = {
    **plain_counters("pg_stat_database", {
        "blk_read_time": "Time spent reading blocks" + MILLISECONDS,
        "blk_write_time": "Time spent writing blocks" + MILLISECONDS,
        "stats_reset": RESET,
    }, DATABASE_LABELS),
    **counters("pg_stat_database", {"active_time_seconds": "Time spent in statements."}, DATABASE_LABELS),
    **{
        name: Untyped(f"pg_stat_database_{name}", about, DATABASE_LABELS)
        for name, about in UNTYPED_TIMES.items()
    },
}  # fmt: skip
TABLE_LABELS = ("datname", "schemaname", "relname")
TABLES: Metrics = {
    **plain_counters("pg_stat_user_tables", {
        "seq_tup_read": "Rows read by sequential scans.",
        "idx_tup_fetch": "Rows fetched by index scans.",
        "n_tup_ins": "Rows inserted.",
        "n_tup_upd": "Rows updated.",
        "n_tup_del": "Rows deleted.",
        "n_tup_hot_upd": "Rows updated without a change of an index.",
        "vacuum_count": "Manual vacuums.",
        "autovacuum_count": "Autovacuums.",
        "analyze_count": "Manual analyses.",
        "autoanalyze_count": "Automatic analyses.",
    }, TABLE_LABELS),
    **gauges("pg_stat_user_tables", {
        "n_mod_since_analyze": "Rows changed since the last analysis.",
        "last_vacuum": "Unix time of the last manual vacuum, 0 for never.",
        "last_analyze": "Unix time of the last manual analysis, 0 for never.",
        "last_autoanalyze": "Unix time of the last automatic analysis, 0 for never.",
        "table_size_bytes": "Size of the table without its indexes.",
        "index_size_bytes": "Size of all indexes of the table.",
    }, TABLE_LABELS),
}  # fmt: skip
PARTS = {"heap": "the table", "idx": "its indexes", "toast": "its TOAST table", "tidx": "its TOAST index"}
READS = {"read": "read from disk", "hit": "found in the server's cache"}
TABLE_BLOCKS: Metrics = {
    f"{part}_blks_{how}": PlainCounter(
        f"pg_statio_user_tables_{part}_blocks_{how}", f"Blocks of {of} {found}.", TABLE_LABELS
    )
    for part, of in PARTS.items()
    for how, found in READS.items()
}
INDEX_LABELS = (*TABLE_LABELS, "indexrelname")
INDEXES: Metrics = {
    "idx_scan": Counter("pg_stat_user_indexes_idx_scans_total", "Scans of the index.", INDEX_LABELS),
    "idx_tup_read": Counter(
        "pg_stat_user_indexes_idx_tup_reads_total", "Entries returned by scans of the index.", INDEX_LABELS
    ),
    "idx_tup_fetch": Counter(
        "pg_stat_user_indexes_idx_tup_fetches_total", "Rows fetched by scans of the index.", INDEX_LABELS
    ),
    **counters("pg_statio_user_indexes", {
        "idx_blks_read": "Blocks of the index read from disk.",
        "idx_blks_hit": "Blocks of the index found in the server's cache.",
    }, INDEX_LABELS),
}  # fmt: skip
# names that postgres_exporter's queries.yaml gives, and for which many dashboards ask; those that only lack
# a _total (pg_stat_bgwriter_buffers_alloc) cannot stand beside the others: OpenMetrics has one name for both,
# so that rules record them (prometheus/earlier_names.py)
EARLIER_REPLICATION: Metrics = {
    "lag": Gauge(
        "pg_replication_lag", "Seconds since the last transaction was replayed, also where all is replayed."
    )
}
EARLIER_TABLE_BLOCKS: Metrics = {
    name: PlainCounter(f"pg_statio_user_tables_{name}", f"Earlier name of {it.name}.", TABLE_LABELS)
    for name, it in TABLE_BLOCKS.items()
}
EARLIER_INDEXES: Metrics = {
    name: PlainCounter(f"pg_stat_user_indexes_{name}", f"Earlier name of {INDEXES[name].name}.", INDEX_LABELS)
    for name in ("idx_scan", "idx_tup_read", "idx_tup_fetch")
}
UNUSED_INDEXES: Metrics = {
    "size_bytes": Gauge(
        "ops_database_unused_index_size_bytes",
        "Size, by the planner's count of pages, of an index that no scan has used since the statistics began;"
        " the 20 biggest, without those that a constraint needs.",
        INDEX_LABELS,
    )
}
UNLISTED = Gauge(
    "ops_database_unlisted_relations",
    "Tables and indexes without series, beyond database.tables and database.indexes.",
    ("kind",),
)
EXPORTER_ERROR = Gauge(
    "pg_exporter_last_scrape_error",
    "Whether the last read of any of the server's statistics failed; what rights hide is no failure.",
)
COLLECTOR_SUCCESS = Gauge(
    "pg_scrape_collector_success", "Whether the last poll of the server succeeded.", ("collector",)
)
COLLECTOR_SECONDS = Gauge(
    "pg_scrape_collector_duration_seconds", "Duration of the last poll of the server.", ("collector",)
)
STATISTICS_SECONDS = Gauge(
    "pg_exporter_last_scrape_duration_seconds",
    "Duration of the last read of the server's sessions, with those made in the same transaction.",
)
STATISTICS_READS = Counter(
    "pg_exporter_scrapes_total", "Transactions in which the server's statistics were read."
)
