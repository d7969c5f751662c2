"""What a Redis server stores: memory by use, keys that end, what is written to disk."""

from grafana import mappings
from grafana.dashboards.redis_graphs import BYTES, HALF, OFF, QUARTER, THIRD, WHOLE, details, speeds, values
from grafana.grafana_json import Panel
from grafana.graphs import graph
from grafana.grid import Section, closed
from grafana.panels import PanelOptions
from grafana.queries import redis_server as redis
from grafana.strips import Cell, states, word
from grafana.tables import Column, table


def memory() -> Section:
    """What takes the memory."""
    use = "Bytes by use. Overhead is all but the data, and holds start, scripts and clients."
    limits = "Bytes in use against the machine's memory and the limit, 0 where none is set."
    moved = "Values and keys that defragmentation has moved, or left in place, since the start."
    pending = "Cached scripts, objects that wait to be freed, and whether defragmentation runs."
    return closed(
        "Memory by use",
        values(
            "Memory by use", THIRD, use, BYTES, ("memory_used_dataset_bytes", "data"),
            ("memory_used_overhead_bytes", "overhead"), ("memory_used_startup_bytes", "start"),
            ("memory_used_scripts_bytes", "scripts"), ("memory_used_lua_bytes", "Lua"),
            ("mem_clients_normal", "clients"), ("mem_clients_slaves", "replicas"),
            ("mem_not_counted_for_eviction_bytes", "not counted"),
        ),
        _allocator(),
        _fragmentation(),
        values(
            "Memory and limits", THIRD, limits, BYTES, ("memory_used_bytes", "in use"),
            ("memory_max_bytes", "limit"), ("total_system_memory_bytes", "machine"),
        ),
        details(
            "Defragmentation", THIRD, moved, "short", ("defrag_hits", "values moved"),
            ("defrag_misses", "values left"), ("defrag_key_hits", "keys moved"),
            ("defrag_key_misses", "keys left"),
        ),
        values(
            "Scripts and clean-up", THIRD, pending, "short", ("number_of_cached_scripts", "scripts"),
            ("lazyfree_pending_objects", "to be freed"), ("active_defrag_running", "defragmenting"),
        ),
    )  # fmt: skip


def _allocator() -> Panel:
    allocator = "From what is given out to what is resident; the rest are bytes lost on the way."
    return details(
        "Allocator", THIRD, allocator, BYTES, ("allocator_allocated_bytes", "allocated"),
        ("allocator_active_bytes", "active"), ("allocator_resident_bytes", "resident"),
        ("allocator_frag_bytes", "fragmented"), ("allocator_rss_bytes", "to be returned"),
        ("mem_fragmentation_bytes", "resident, not used"),
    )  # fmt: skip


def _fragmentation() -> Panel:
    ratios = "Resident bytes per byte in use, and its parts. Above 1.5 memory is lost to fragmentation."
    return values(
        "Fragmentation", THIRD, ratios, "short", ("mem_fragmentation_ratio", "fragmentation"),
        ("allocator_frag_ratio", "in pages"), ("allocator_rss_ratio", "of pages"),
    )  # fmt: skip


def expiry() -> Section:
    """Which keys end, and whether the server keeps up with that."""
    share = "Keys with a TTL as a share of all. The others go only when memory is full, or never."
    stale = "Keys that are over but still there, as the server estimates it. Rising: it does not keep up."
    cut = "Cycles of expiry a second that stopped at their time limit: many keys end at once."
    above = "Milliseconds a second for which memory was above its limit."
    return closed(
        "Expiry",
        databases(),
        graph("Keys with a TTL", THIRD, PanelOptions(share, OFF, "percentunit"), redis.expired_share()),
        values("Stale keys", THIRD, stale, "percent", ("expired_stale_percentage", "stale")),
        speeds("Expiry cut short", HALF, cut, "ops", ("expired_time_cap_reached_total", "cycles")),
        speeds("Above the limit", HALF, above, "ms", ("eviction_exceeded_time_ms_total", "above")),
    )  # fmt: skip


def databases() -> Panel:
    """Each database."""
    columns = [
        Column("db", "Database"),
        Column("A", "Keys", 80, "short", sort="greatest first"),
        Column("B", "With TTL", 85, "short"),
        Column("C", "Mean TTL", 90, "s"),
    ]
    about = "Databases that hold keys. The mean is of the time that is left."
    asked = [*map(redis.database, ("db_keys", "db_keys_expiring", "db_avg_ttl_seconds"))]
    return table("Databases", THIRD, PanelOptions(about, "no database holds a key"), asked, columns)


def persistence() -> Section:
    """What is written to disk."""
    changes = "Changes since the last snapshot, which are lost with the server where there is no AOF."
    took = "Seconds that snapshots, rewrites and the last fork take. Below 0: there was none, or none runs."
    sizes = "The AOF, its size after the last rewrite, its buffer, and what was copied while a child wrote."
    waits = "Rewrites and calls of fsync that wait, and calls that were late since the start."
    return closed(
        "Persistence",
        persisted(),
        values("Unsaved changes", QUARTER, changes, "short", ("rdb_changes_since_last_save", "changes")),
        values(
            "Time of writing", QUARTER, took, "s", ("rdb_last_bgsave_duration_sec", "last snapshot"),
            ("rdb_current_bgsave_duration_sec", "this snapshot"),
            ("aof_last_rewrite_duration_sec", "last rewrite"),
            ("aof_current_rewrite_duration_sec", "this rewrite"), ("latest_fork_seconds", "fork"),
        ),
        details(
            "Sizes", QUARTER, sizes, BYTES, ("aof_current_size_bytes", "AOF"),
            ("aof_base_size_bytes", "rewritten"), ("aof_buffer_length", "buffer"),
            ("rdb_last_cow_size_bytes", "copied, snapshot"), ("aof_last_cow_size_bytes", "copied, rewrite"),
            ("module_fork_last_cow_size", "copied, module"),
        ),
        details(
            "Waits of the AOF", QUARTER, waits, "short", ("aof_rewrite_scheduled", "rewrite scheduled"),
            ("aof_pending_rewrite", "rewrite pending"), ("aof_pending_bio_fsync", "fsync pending"),
            ("aof_delayed_fsync", "fsync late"),
        ),
    )  # fmt: skip


def persisted() -> Panel:
    """Whether the last writing went well, and what runs now."""

    def well(name: str, metric: str, about: str) -> Cell:
        return word(name, redis.flag(metric), about, mappings.good_if("ok", "failed"))

    def runs(name: str, metric: str, about: str) -> Cell:
        words = mappings.words({"1": ("yes", mappings.TEXT), "0": ("no", mappings.TEXT)})
        return word(name, redis.flag(metric), about, words)

    return states(
        "Persistence", WHOLE,
        well("Snapshot", "rdb_last_bgsave_status", "Whether the last snapshot was written."),
        well("AOF write", "aof_last_write_status", "Whether the last write to the AOF succeeded."),
        well("AOF rewrite", "aof_last_bgrewrite_status", "Whether the last rewrite of the AOF succeeded."),
        runs("AOF", "aof_enabled", "Whether the server writes an AOF."),
        runs("Saving", "rdb_bgsave_in_progress", "Whether a snapshot is being written."),
        runs("Rewriting", "aof_rewrite_in_progress", "Whether the AOF is being rewritten."),
        runs("Module", "module_fork_in_progress", "Whether a child of a module runs."),
        runs("Loading", "loading_dump_file", "Whether the server still loads its data."),
    )  # fmt: skip
