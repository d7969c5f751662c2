"""The PostgreSQL server itself, under the names of postgres_exporter; what is long is read on request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.collector import Collector, Part, ReadPart
from exporter.collectors import postgresql_fields as fields
from exporter.collectors.database import table_statistics
from exporter.collectors.database_statistics import MAX_TRANSACTION_AGE, read_empty_states
from exporter.collectors.postgresql_settings import (
    OTHER_SETTINGS,
    SETTINGS,
    read_other_settings,
    read_settings,
)
from exporter.errors import NotConfigured
from exporter.metrics import Gauge, HistogramData, first_rows
from exporter.polling import Poller
from exporter.sources import Sources
from exporter.sources.database import index_views, server_views
from exporter.sources.database.errors import HiddenFromRole
from exporter.sources.database.source import DatabaseSource
from exporter.sources.database.views import View, ViewRow, Views

VACUUM_PHASES = (
    "initializing", "scanning heap", "vacuuming indexes", "vacuuming heap", "cleaning up indexes",
    "truncating heap", "performing final cleanup",
)  # fmt: skip
Shown = Mapping[View, Mapping[str, Gauge]]
SERVER: Shown = {
    server_views.BGWRITER: fields.BGWRITER,
    server_views.CHECKPOINTER: fields.CHECKPOINTER,
    server_views.ARCHIVER: fields.ARCHIVER,
    server_views.REPLICATION: fields.REPLICATION,
    server_views.SLOTS: fields.SLOTS,
}
SERVER_DETAILS: Shown = {
    server_views.BGWRITER: fields.BGWRITER_DETAILS,
    server_views.CHECKPOINTER: fields.CHECKPOINTER_DETAILS,
    server_views.REPLICATION: fields.LAST_REPLAY,
    server_views.SLOTS: fields.SLOT_POSITIONS,
}
EARLIER: Shown = {server_views.REPLICATION: fields.EARLIER_REPLICATION}
STANDBYS: Shown = {server_views.STANDBYS: fields.STANDBYS}
IDENTITY: Shown = {
    server_views.POSTMASTER: fields.POSTMASTER,
    server_views.DATABASES: fields.WRAPAROUND,
}
IDENTITY_DETAILS: Shown = {
    server_views.STATIC: fields.STATIC,
    server_views.DATABASES: fields.DATABASE_LIMITS,
    server_views.ROLES: fields.ROLE_LIMITS,
    server_views.CONFLICTS: fields.CONFLICTS,
    server_views.DATABASE_TIMES: fields.DATABASE_TIMES,
}
WAL: Shown = {server_views.WAL: fields.WAL}


def families_of_view(
    labels: Sequence[str], rows: Iterable[ViewRow], metrics: Mapping[str, Gauge]
) -> Iterator[Metric]:
    """A family for each of these columns that the view has; `labels` names the labels of its rows."""
    rows = tuple(rows)
    for column, metric in metrics.items():
        places = [labels.index(name) for name in metric.labels]
        found = [
            (*(sanitize_label(row.labels[place]) for place in places), row.values.get(column)) for row in rows
        ]
        yield metric.family(first_rows(found))


def families_of_views(views: Views, shown: Shown) -> list[Metric]:
    """The families of these views, as far as the server has them."""
    return [
        family
        for view, metrics in shown.items()
        if view.name in views
        for family in families_of_view(view.labels, views[view.name], metrics)
    ]


def metrics_of(shown: Shown) -> tuple[Gauge, ...]:
    """All metrics of these views."""
    return tuple(metric for metrics in shown.values() for metric in metrics.values())


async def read_server(sources: Sources) -> Iterable[Metric]:
    """Checkpoints, archive, replication and slots."""
    return families_of_views(await sources.database.server.get(), SERVER)


async def read_server_details(sources: Sources) -> Iterable[Metric]:
    """Times of checkpoints, and positions of replication and of its slots."""
    return families_of_views(await sources.database.server.get(), SERVER_DETAILS)


async def read_standbys(sources: Sources) -> Iterable[Metric]:
    """The standbys that are connected."""
    return families_of_views(await sources.database.processes.get(), STANDBYS)


async def read_processes(sources: Sources) -> Iterable[Metric]:
    """Vacuums that run, and sessions that are idle."""
    views = await sources.database.processes.get()
    vacuums, labels = views[server_views.VACUUMS.name], server_views.VACUUMS.labels
    numbers = {column: metric for column, metric in fields.VACUUMS.items() if column != "phase"}
    phases = (
        (*map(sanitize_label, row.labels[:2]), phase, float(phase == row.labels[2]))
        for row in vacuums
        for phase in VACUUM_PHASES
    )
    idle = first_rows(
        (sanitize_label(row.labels[0]), idle_times(row)) for row in views[server_views.IDLE.name]
    )
    return (
        fields.VACUUMS["phase"].family(first_rows(phases)),
        *families_of_view(labels, vacuums, numbers),
        fields.IDLE.family(((name,), times) for name, times in idle),
    )


def idle_times(row: ViewRow) -> HistogramData:
    """How long sessions of one application have been idle."""
    buckets = {float(bound): row.values[f"le_{bound}"] or 0.0 for bound in server_views.IDLE_BOUNDS}
    return HistogramData(buckets, row.values["total"] or 0.0, row.values["count"] or 0.0)


async def read_identity(sources: Sources) -> Iterable[Metric]:
    """Start, and ages of the databases."""
    return families_of_views(await sources.database.identity.get(), IDENTITY)


async def read_identity_details(sources: Sources) -> Iterable[Metric]:
    """Version, limits of databases and roles, and what the server counts of each database."""
    return families_of_views(await sources.database.identity.get(), IDENTITY_DETAILS)


async def read_wal(sources: Sources) -> Iterable[Metric]:
    """The files of the WAL."""
    return families_of_views(await sources.database.wal.get(), WAL)


async def read_tables(sources: Sources) -> Iterable[Metric]:
    """What the server counts of each table."""
    tables = await sources.database.tables.get()
    return table_statistics(tables, {**fields.TABLES, **fields.TABLE_BLOCKS})


async def read_indexes(sources: Sources) -> Iterable[Metric]:
    """The biggest indexes with their use."""
    found = await sources.database.indexes.get()
    return families_of_view(index_views.LABELS, found.indexes, fields.INDEXES)


async def read_earlier_names(sources: Sources) -> Iterable[Metric]:
    """What has another name by now, under the one that it had."""
    database = sources.database
    found, tables = await database.indexes.get(), await database.tables.get()
    return (
        *families_of_views(await database.server.get(), EARLIER),
        *table_statistics(tables, fields.EARLIER_TABLE_BLOCKS),
        *families_of_view(index_views.LABELS, found.indexes, fields.EARLIER_INDEXES),
    )


async def read_unused(sources: Sources) -> Iterable[Metric]:
    """Indexes that are never used, and how much has no series of its own."""
    found, tables = await sources.database.indexes.get(), await sources.database.tables.get()
    return (
        *families_of_view(index_views.LABELS, found.unused, fields.UNUSED_INDEXES),
        fields.UNLISTED.family([("index", found.unlisted), ("table", tables.unlisted)]),
    )


def server_pollers(database: DatabaseSource) -> list[Poller[Any]]:
    """The pollers of the server's statistics. Raises NotConfigured where the database is no PostgreSQL."""
    if database.dialect != "postgresql":
        raise NotConfigured("database is no PostgreSQL server")
    return [
        database.ping, database.activity, database.databases, database.locks, database.statements,
        database.server, database.processes, database.identity, database.server_settings, database.wal,
        database.tables, database.indexes,
    ]  # fmt: skip


async def read_error(sources: Sources) -> Iterable[Metric]:
    """Whether any of these polls failed."""
    errors = [it.error for it in server_pollers(sources.database)]
    failed = any(error is not None and not isinstance(error, HiddenFromRole) for error in errors)
    return (fields.EXPORTER_ERROR.single(float(failed)),)


async def read_polls(sources: Sources) -> Iterable[Metric]:
    """Success and duration of each of these polls that was made."""
    database = sources.database
    made = [it for it in server_pollers(database) if it.seconds is not None]
    return (
        fields.STATISTICS_SECONDS.single(database.activity.seconds),
        fields.STATISTICS_READS.single(database.own_transactions["statistics"]),
        fields.COLLECTOR_SUCCESS.family((it.query, float(it.error is None)) for it in made),
        fields.COLLECTOR_SECONDS.family((it.query, it.seconds) for it in made),
    )


POLLS = (
    fields.STATISTICS_SECONDS,
    fields.STATISTICS_READS,
    fields.COLLECTOR_SUCCESS,
    fields.COLLECTOR_SECONDS,
)


def details(name: str, read: ReadPart, metrics: tuple[Gauge, ...]) -> Part:
    """A part that only dashboards and rules of postgres_exporter want."""
    return Part(name, read, metrics, on_request=True)


POSTGRESQL = Collector(
    "postgresql",
    "the PostgreSQL server itself: checkpoints, replication, WAL, wraparound, settings, indexes",
    (
        Part("server", read_server, metrics_of(SERVER)),
        Part("standbys", read_standbys, metrics_of(STANDBYS)),
        Part("identity", read_identity, metrics_of(IDENTITY)),
        Part("wal", read_wal, metrics_of(WAL)),
        Part("settings", read_settings, SETTINGS),
        Part("unused", read_unused, (*fields.UNUSED_INDEXES.values(), fields.UNLISTED)),
        details("server_details", read_server_details, metrics_of(SERVER_DETAILS)),
        Part("processes", read_processes, (*fields.VACUUMS.values(), fields.IDLE), on_request=True),
        details("identity_details", read_identity_details, metrics_of(IDENTITY_DETAILS)),
        details("other_settings", read_other_settings, OTHER_SETTINGS),
        details("tables", read_tables, (*fields.TABLES.values(), *fields.TABLE_BLOCKS.values())),
        details("indexes", read_indexes, tuple(fields.INDEXES.values())),
        details(
            "earlier_names",
            read_earlier_names,
            (
                *metrics_of(EARLIER),
                *fields.EARLIER_TABLE_BLOCKS.values(),
                *fields.EARLIER_INDEXES.values(),
            ),
        ),
        details("error", read_error, (fields.EXPORTER_ERROR,)),
        details("polls", read_polls, POLLS),
        details("empty_states", read_empty_states, (MAX_TRANSACTION_AGE,)),
    ),
)
