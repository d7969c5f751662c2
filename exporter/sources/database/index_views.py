"""Indexes: the biggest with their use, and those that no scan has ever used. No lock is taken."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from exporter.sources.database.views import View, ViewRow

LABELS = ("datname", "schemaname", "relname", "indexrelname")
# sizes by the planner's pages: pg_relation_size would wait for an index that is being rebuilt
INDEXES = View(
    "indexes",
    """
    SELECT current_database(), s.schemaname, s.relname, s.indexrelname, s.idx_scan, s.idx_tup_read,
           s.idx_tup_fetch,
           pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid) AS idx_blks_read,
           pg_stat_get_blocks_hit(c.oid) AS idx_blks_hit
    FROM pg_stat_user_indexes s JOIN pg_class c ON c.oid = s.indexrelid
    ORDER BY c.relpages DESC, c.oid LIMIT :indexes
    """,
    LABELS,
)
# a unique index or one of a constraint is needed, although no query reads it
UNUSED = View(
    "unused indexes",
    """
    SELECT current_database(), s.schemaname, s.relname, s.indexrelname,
           c.relpages::bigint * current_setting('block_size')::int AS size_bytes
    FROM pg_stat_user_indexes s JOIN pg_class c ON c.oid = s.indexrelid
         JOIN pg_index i ON i.indexrelid = c.oid
    WHERE s.idx_scan = 0 AND i.indisvalid AND NOT i.indisunique
          AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid)
    ORDER BY c.relpages DESC, c.oid LIMIT :indexes
    """,
    LABELS,
)
MAX_UNUSED = 20
PRESENT = text("SELECT count(*) FROM pg_stat_user_indexes")


@dataclass(frozen=True)
class IndexStatistics:
    """The biggest indexes, the biggest of those never used, and how many indexes are not among the former."""

    indexes: tuple[ViewRow, ...]
    unused: tuple[ViewRow, ...]
    unlisted: float


def read_indexes(connection: Connection, indexes: int) -> IndexStatistics:
    """At most `indexes` of the watched database, and at most MAX_UNUSED of those never used."""
    found = INDEXES.read(connection, {"indexes": indexes})
    unused = UNUSED.read(connection, {"indexes": min(indexes, MAX_UNUSED)})
    present = connection.execute(PRESENT).scalar_one()
    return IndexStatistics(found, unused, float(present - len(found)))
