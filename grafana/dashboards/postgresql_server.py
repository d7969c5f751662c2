"""The PostgreSQL server itself: checkpoints and WAL, replication, indexes, and its settings."""

from grafana import mappings
from grafana.grafana_json import Panel
from grafana.graphs import graph, stacked
from grafana.grid import Section, closed, section, stack
from grafana.palette import SKY
from grafana.panels import PanelOptions
from grafana.queries import postgresql_server as server
from grafana.sizes import Size
from grafana.strips import Cell, count, duration, states, word
from grafana.tables import Column, table

OTHER = "the database is not PostgreSQL"
DETAIL = "a detail: on while postgres is true in prometheus/jobs.yml"
HIDDEN = "the role may not list the WAL: see docs/operations.md"
THIRD, HALF = Size(8, 8), Size(12, 8)
ROLE = mappings.words({"0": ("primary", SKY), "1": ("replica", SKY)})
SWITCH = mappings.words({"1": ("on", SKY), "0": ("off", SKY)})


def checkpoints() -> Section:
    """What is written, when and by whom."""
    often = "Checkpoints per second. Many on request: max_wal_size is too small for what is written."
    spent = "Seconds per second in which checkpoints write and sync files. Long syncs: the disk is busy."
    buffers = "Buffers written per second. Many by backends: the background writer does not keep up."
    pressure = (
        "Buffers allocated, fsyncs by backends, and rounds that the background writer had to end early."
    )
    kinds = ("timed", "requested", "restartpoints")
    writers = ("checkpoints", "background writer", "backends")
    return section(
        "Checkpoints and WAL",
        stacked(
            "Checkpoints", THIRD, PanelOptions(often, OTHER, "ops"),
            server.written("checkpoints_timed", "timed"), server.written("checkpoints_req", "requested"),
            *map(server.restartpoints, ("timed", "req", "done")), names=kinds,
        ),
        graph(
            "Checkpoint time", THIRD, PanelOptions(spent, DETAIL, "percentunit"),
            server.checkpoint_share("checkpoint_write_time", "write"),
            server.checkpoint_share("checkpoint_sync_time", "sync"),
        ),
        stacked(
            "Buffers written", THIRD, PanelOptions(buffers, OTHER, "ops"),
            *map(server.written, ("buffers_checkpoint", "buffers_clean", "buffers_backend"), writers),
            names=writers,
        ),
        wal(),
        graph(
            "Writer pressure", THIRD, PanelOptions(pressure, DETAIL, "ops"),
            server.written("buffers_alloc", "allocated"),
            server.written("buffers_backend_fsync", "fsyncs by backends"),
            server.written("maxwritten_clean", "rounds ended early"),
        ),
        archive(),
    )  # fmt: skip


def wal() -> Panel:
    """The size of the WAL beside its limits."""
    about = "Bytes in files of the WAL, beside the sizes between which the server keeps it."
    return graph(
        "WAL size", THIRD, PanelOptions(about, HIDDEN, "bytes"), server.wal("size_bytes", "size"),
        server.setting("max_wal_size_bytes", "max_wal_size"),
        server.setting("min_wal_size_bytes", "min_wal_size"),
    )  # fmt: skip


def archive() -> Panel:
    """Files that are archived, or are not."""
    about = "WAL files archived per second, and failed attempts: WAL piles up until they succeed."
    names = ("archived", "failed")
    return stacked(
        "WAL archived", THIRD, PanelOptions(about, OTHER, "ops"),
        *map(server.archived, names, names), names=names, failures=names[1:],
    )  # fmt: skip


def replication() -> Section:
    """Standbys, slots, and how far a replica is behind."""
    behind = "Seconds by which this server is behind, if it is a replica. 0: all is replayed."
    backlog = "Bytes of WAL that each standby has not replayed."
    cancelled = "Queries per second that a replica cancelled, since they stood in the way of replay."
    none = "no standby is connected"
    return closed(
        "Replication",
        graph("Replication lag", THIRD, PanelOptions(behind, OTHER, "s"), server.lag()),
        graph("Standby backlog", THIRD, PanelOptions(backlog, none, "bytes"), server.standby_backlog()),
        graph("Recovery conflicts", THIRD, PanelOptions(cancelled, OTHER, "ops"), server.conflicts()),
        standbys(),
        slots(),
    )


def standbys() -> Panel:
    """The standbys that are connected."""
    about = "Standbys with what they have not replayed, their last reply, and the position of our WAL."
    columns = [
        Column("application_name", "Standby"),
        Column("state", "State", 90),
        Column("A", "Backlog", 100, "bytes", sort="greatest first"),
        Column("B", "Last reply", 130, "dateTimeFromNow"),
        Column("C", "WAL position", 110, "bytes"),
    ]
    options = PanelOptions(about, "no standby is connected")
    return table("Standbys", HALF, options, server.standbys(), columns)


def slots() -> Panel:
    """Slots, which keep WAL until somebody has read it."""
    about = "Replication slots. One that is not in use keeps WAL until the disk is full: drop it."
    columns = [
        Column("slot_name", "Slot"),
        Column("A", "WAL kept", 110, "bytes", sort="greatest first"),
        Column("B", "In use", 90, words=mappings.good_if("yes", "no")),
    ]
    return table("Slots", HALF, PanelOptions(about, "there is no slot"), server.slots(), columns)


def indexes() -> Section:
    """Indexes that nobody needs, and tables that lack one."""
    about = "Indexes that no scan has used since the statistics began, without those of constraints."
    scans = "Scans of each table in the range. Many sequential ones of a big table: an index is missing."
    none = "✔ every index was used"
    tables = "Tables beyond `database.tables`, which have no series of their own."
    others = "Indexes beyond `database.indexes`, which have no series of their own."
    return section(
        "Indexes and scans",
        stack(
            states(
                "Not listed", Size(6, 8),
                count("Tables", server.unlisted("table"), tables),
                count("Indexes", server.unlisted("index"), others),
            ),
        ),
        table(
            "Indexes never used", Size(9, 8), PanelOptions(about, none), [server.unused_indexes()],
            [
                Column("indexrelname", "Index"),
                Column("relname", "Table", 160),
                Column("A", "Size", 80, "bytes", sort="greatest first"),
            ],
        ),
        table(
            "Scans of tables", Size(9, 8), PanelOptions(scans, OTHER), server.table_scans(),
            [
                Column("relname", "Table"),
                Column("A", "Sequential", 120, "short", decimals=0, sort="greatest first"),
                Column("B", "By index", 110, "short", decimals=0),
            ],
        ),
    )  # fmt: skip


def identity() -> Section:
    """Which server it is, and how it is set."""
    return closed("Server and settings", about_the_server(), version(), *settings())


def about_the_server() -> Panel:
    """Its role and its age."""
    replica = "Whether the server accepts writes, or replays those of another."
    start = "Since the server started."
    reads = "Whether all reads of the statistics succeed; on while postgres is true in prometheus/jobs.yml."
    archived = "Since a file of the WAL was last archived; unknown where none was."
    counted = "Since the counts of checkpoints were reset; on while postgres is true in prometheus/jobs.yml."
    return states(
        "Server", Size(14, 4),
        word("Role", server.role(), replica, ROLE),
        duration("Uptime", server.uptime(), start),
        word("Reads", server.failed_reads(), reads, mappings.good_if("ok", "failing")),
        duration("Archived", server.archive_age(), archived),
        duration("Counted", server.statistics_reset(), counted),
        count("WAL files", server.wal("segments", "files"), "Files of the WAL."),
    )  # fmt: skip


def version() -> Panel:
    """What runs there."""
    columns = [Column("short_version", "Version", 100), Column("version", "Build")]
    about = "The version of the server, and how it was built."
    return table("Version", Size(10, 4), PanelOptions(about, DETAIL), [server.version()], columns)


def settings() -> tuple[Panel, ...]:
    """Settings that decide what other panels show."""
    return (
        states(
            "Memory settings", Size(12, 4),
            size("Shared buffers", "shared_buffers_bytes"), size("Cache size", "effective_cache_size_bytes"),
            size("Work mem", "work_mem_bytes"), size("Maintenance", "maintenance_work_mem_bytes"),
            size("WAL buffers", "wal_buffers_bytes"),
        ),
        states(
            "Switches", Size(12, 4),
            switch("Autovacuum", "autovacuum"), switch("fsync", "fsync"),
            switch("Page writes", "full_page_writes"), switch("I/O timing", "track_io_timing"),
        ),
        states(
            "Planner and I/O settings", Size(12, 4),
            number("Random page", "random_page_cost"), number("Seq. page", "seq_page_cost"),
            number("I/O at once", "effective_io_concurrency"),
            number("Completion", "checkpoint_completion_target"),
            interval("Checkpoints", "checkpoint_timeout_seconds"),
        ),
        states(
            "Process settings", Size(12, 4),
            number("Workers", "max_worker_processes"), number("Parallel", "max_parallel_workers"),
            number("Vacuums", "autovacuum_max_workers"), number("WAL senders", "max_wal_senders"),
            number("Slots", "max_replication_slots"),
        ),
    )  # fmt: skip


def of(name: str) -> str:
    """What a cell of a setting means."""
    return f"The setting `{name}`; on while postgres is true in prometheus/jobs.yml."


def size(title: str, name: str) -> Cell:
    """A setting in bytes."""
    return Cell(title, server.setting(name, title), of(name.removesuffix("_bytes")), "bytes")


def switch(title: str, name: str) -> Cell:
    """A setting that is on or off."""
    return word(title, server.setting(name, title), of(name), SWITCH)


def interval(title: str, name: str) -> Cell:
    """A setting in seconds."""
    return Cell(title, server.setting(name, title), of(name.removesuffix("_seconds")), "s")


def number(title: str, name: str) -> Cell:
    """A setting that is a number."""
    return Cell(title, server.setting(name, title), of(name))
