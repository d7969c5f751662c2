"""The fields of INFO on the page, under the names of redis_exporter."""

import re
from dataclasses import dataclass

from exporter.metrics import Counter, Gauge, PlainCounter


@dataclass(frozen=True)
class InfoField:
    """One field of INFO, its metric, and its unit in the metric's unit."""

    name: str
    metric: Gauge
    scale: float = 1.0


def gauge(field: str, name: str, about: str, scale: float = 1.0) -> InfoField:
    """A field that goes up and down."""
    return InfoField(field, Gauge(f"redis_{name}", about), scale)


def counter(field: str, name: str, about: str, scale: float = 1.0) -> InfoField:
    """A field that only goes up."""
    return InfoField(field, Counter(f"redis_{name}_total", about), scale)


def plain_counter(name: str, about: str) -> InfoField:
    """A field that only goes up, under the name that it has in INFO, as redis_exporter has it."""
    return InfoField(name, PlainCounter(f"redis_{name}", about))


SERVER = (
    gauge("uptime_in_seconds", "uptime_in_seconds", "Seconds since the server started."),
    gauge("io_threads_active", "io_threads_active", "Whether I/O threads are active."),
    gauge("process_id", "process_id", "Process id of the server."),
    gauge("loading", "loading_dump_file", "Whether the server is still loading its data."),
    gauge("cluster_enabled", "cluster_enabled", "Whether the server is a node of a cluster."),
)
CLIENTS = (
    gauge("connected_clients", "connected_clients", "Open client connections."),
    gauge("blocked_clients", "blocked_clients", "Clients waiting in a blocking command."),
    gauge("maxclients", "max_clients", "Maximum number of client connections."),
    gauge("maxclients", "config_maxclients", "Maximum number of client connections."),
    gauge("clients_in_timeout_table", "clients_in_timeout_table", "Clients that wait with a time-out."),
    gauge("cluster_connections", "cluster_connections", "Connections of the cluster's bus."),
    gauge(
        "client_recent_max_input_buffer",
        "client_recent_max_input_buffer_bytes",
        "Biggest input buffer of a client recently.",
    ),
    gauge(
        "client_recent_max_output_buffer",
        "client_recent_max_output_buffer_bytes",
        "Biggest output buffer of a client recently.",
    ),
    gauge("tracking_clients", "tracking_clients", "Clients with client-side caching (tracking)."),
    counter("total_connections_received", "connections_received", "Connections accepted."),
    counter("rejected_connections", "rejected_connections", "Connections rejected at the limit of clients."),
)
MEMORY = (
    gauge("used_memory", "memory_used_bytes", "Bytes that the server has allocated."),
    gauge("used_memory_rss", "memory_used_rss_bytes", "Bytes of the server that are resident."),
    gauge("used_memory_peak", "memory_used_peak_bytes", "Peak of the bytes allocated."),
    gauge("used_memory_dataset", "memory_used_dataset_bytes", "Bytes allocated for the data itself."),
    gauge("used_memory_overhead", "memory_used_overhead_bytes", "Bytes allocated for all but the data."),
    gauge("used_memory_startup", "memory_used_startup_bytes", "Bytes allocated when the server had started."),
    gauge("used_memory_scripts", "memory_used_scripts_bytes", "Bytes allocated for scripts."),
    gauge("used_memory_lua", "memory_used_lua_bytes", "Bytes allocated for Lua."),
    gauge("total_system_memory", "total_system_memory_bytes", "Memory of the server's machine."),
    gauge("maxmemory", "config_maxmemory", "Memory limit in bytes; 0 is no limit."),
    gauge("number_of_cached_scripts", "number_of_cached_scripts", "Scripts that the server has cached."),
    gauge("allocator_active", "allocator_active_bytes", "Bytes in the allocator's pages."),
    gauge("allocator_allocated", "allocator_allocated_bytes", "Bytes that the allocator gave out."),
    gauge("allocator_resident", "allocator_resident_bytes", "Bytes of the allocator that are resident."),
    gauge("allocator_frag_bytes", "allocator_frag_bytes", "Bytes lost to fragmentation of the allocator."),
    gauge("allocator_rss_bytes", "allocator_rss_bytes", "Resident bytes that the allocator may return."),
    gauge(
        "allocator_rss_ratio", "allocator_rss_ratio", "Resident bytes over bytes in the allocator's pages."
    ),
    gauge("mem_fragmentation_bytes", "mem_fragmentation_bytes", "Resident bytes less allocated bytes."),
    gauge(
        "mem_not_counted_for_evict",
        "mem_not_counted_for_eviction_bytes",
        "Bytes of buffers that the memory limit leaves out.",
    ),
    gauge("active_defrag_running", "active_defrag_running", "Whether memory is being defragmented."),
    gauge("maxmemory", "memory_max_bytes", "Memory limit in bytes; 0 is no limit."),
    gauge("mem_fragmentation_ratio", "mem_fragmentation_ratio", "Resident bytes over allocated bytes."),
    gauge("mem_clients_normal", "mem_clients_normal", "Bytes of the buffers of ordinary clients."),
    gauge("mem_clients_slaves", "mem_clients_slaves", "Bytes of the buffers of replicas."),
    gauge(
        "allocator_frag_ratio", "allocator_frag_ratio", "Bytes in the allocator's pages over bytes in use."
    ),
    gauge(
        "lazyfree_pending_objects",
        "lazyfree_pending_objects",
        "Objects waiting to be freed in the background.",
    ),
)
TRAFFIC = (
    counter("total_commands_processed", "commands_processed", "Commands processed."),
    counter("total_net_input_bytes", "net_input_bytes", "Bytes received."),
    counter("total_net_output_bytes", "net_output_bytes", "Bytes sent."),
    counter("keyspace_hits", "keyspace_hits", "Keyspace hits of all clients."),
    counter("keyspace_misses", "keyspace_misses", "Keyspace misses of all clients."),
    counter("expired_keys", "expired_keys", "Keys expired by TTL."),
    # a gauge, as redis_exporter has it, in spite of its name
    gauge(
        "expired_time_cap_reached_count",
        "expired_time_cap_reached_total",
        "Expiry cycles that stopped at their time limit.",
    ),
    counter("evicted_keys", "evicted_keys", "Keys evicted at the memory limit."),
    counter("evicted_clients", "evicted_clients", "Clients disconnected because their buffers were too big."),
    counter(
        "total_eviction_exceeded_time",
        "eviction_exceeded_time_ms",
        "Milliseconds spent above the memory limit.",
    ),
    gauge("migrate_cached_sockets", "migrate_cached_sockets_total", "Open sockets for MIGRATE."),
    gauge("active_defrag_hits", "defrag_hits", "Values that defragmentation has moved."),
    gauge("active_defrag_misses", "defrag_misses", "Values that defragmentation has left in place."),
    gauge("active_defrag_key_hits", "defrag_key_hits", "Keys that defragmentation has moved."),
    gauge("active_defrag_key_misses", "defrag_key_misses", "Keys that defragmentation has left in place."),
    gauge("tracking_total_keys", "tracking_total_keys", "Keys tracked for client-side caching."),
    gauge("tracking_total_items", "tracking_total_items", "Clients summed over tracked keys."),
    gauge("tracking_total_prefixes", "tracking_total_prefixes", "Prefixes tracked in broadcast mode."),
    plain_counter("total_error_replies", "Error replies of the server, our own included."),
    plain_counter("unexpected_error_replies", "Error replies to the master or the AOF loader."),
    plain_counter("dump_payload_sanitizations", "Payloads of RESTORE that were checked in depth."),
    plain_counter("total_reads_processed", "Reads from clients, our own included."),
    plain_counter("total_writes_processed", "Writes to clients, our own included."),
    plain_counter("io_threaded_reads_processed", "Reads by I/O threads."),
    plain_counter("io_threaded_writes_processed", "Writes by I/O threads."),
    gauge(
        "expired_stale_perc",
        "expired_stale_percentage",
        "Percentage of keys that are expired but not yet removed.",
    ),
    gauge("pubsub_channels", "pubsub_channels", "Pub/Sub channels with subscribers."),
    gauge("pubsub_patterns", "pubsub_patterns", "Pub/Sub patterns with subscribers."),
    gauge("latest_fork_usec", "latest_fork_seconds", "Duration of the last fork.", 1e-6),
    counter("used_cpu_sys", "cpu_sys_seconds", "System CPU time of the server."),
    counter("used_cpu_user", "cpu_user_seconds", "User CPU time of the server."),
    counter("used_cpu_sys_main_thread", "cpu_sys_main_thread_seconds", "System CPU time of the main thread."),
    counter("used_cpu_user_main_thread", "cpu_user_main_thread_seconds", "User CPU time of the main thread."),
    counter(
        "used_cpu_sys_children",
        "cpu_sys_children_seconds",
        "System CPU time of the server's child processes.",
    ),
    counter(
        "used_cpu_user_children",
        "cpu_user_children_seconds",
        "User CPU time of the server's child processes.",
    ),
)
PERSISTENCE = (
    gauge(
        "rdb_changes_since_last_save", "rdb_changes_since_last_save", "Changes since the last RDB snapshot."
    ),
    gauge("rdb_bgsave_in_progress", "rdb_bgsave_in_progress", "Whether an RDB snapshot is being written."),
    gauge(
        "rdb_last_save_time",
        "rdb_last_save_timestamp_seconds",
        "Unix time of the last successful RDB snapshot.",
    ),
    gauge(
        "rdb_last_bgsave_time_sec",
        "rdb_last_bgsave_duration_sec",
        "Seconds that the last RDB snapshot took; -1: none was written.",
    ),
    gauge(
        "rdb_current_bgsave_time_sec",
        "rdb_current_bgsave_duration_sec",
        "Seconds since the RDB snapshot under way began; -1: none is.",
    ),
    gauge("rdb_last_cow_size", "rdb_last_cow_size_bytes", "Bytes copied during the last RDB snapshot."),
    gauge("aof_enabled", "aof_enabled", "Whether the AOF is enabled."),
    gauge("aof_rewrite_in_progress", "aof_rewrite_in_progress", "Whether the AOF is being rewritten."),
    gauge(
        "aof_rewrite_scheduled", "aof_rewrite_scheduled", "Whether a rewrite of the AOF waits for a snapshot."
    ),
    gauge(
        "aof_last_rewrite_time_sec",
        "aof_last_rewrite_duration_sec",
        "Seconds that the last rewrite of the AOF took; -1: there was none.",
    ),
    gauge(
        "aof_current_rewrite_time_sec",
        "aof_current_rewrite_duration_sec",
        "Seconds since the rewrite of the AOF under way began; -1: none is.",
    ),
    gauge("aof_last_cow_size", "aof_last_cow_size_bytes", "Bytes copied during the last rewrite of the AOF."),
    gauge("aof_pending_rewrite", "aof_pending_rewrite", "Whether a rewrite of the AOF waits for a snapshot."),
    gauge("aof_buffer_length", "aof_buffer_length", "Bytes in the AOF's buffer."),
    gauge("aof_pending_bio_fsync", "aof_pending_bio_fsync", "Calls of fsync that wait in the background."),
    gauge("aof_delayed_fsync", "aof_delayed_fsync", "Calls of fsync that were late."),
    gauge("module_fork_in_progress", "module_fork_in_progress", "Whether a module's child process runs."),
    gauge(
        "module_fork_last_cow_size", "module_fork_last_cow_size", "Bytes copied during a module's last fork."
    ),
    gauge("aof_current_size", "aof_current_size_bytes", "Size of the AOF."),
    gauge("aof_base_size", "aof_base_size_bytes", "Size of the AOF after its last rewrite."),
)
REPLICATION = (
    gauge("connected_slaves", "connected_slaves", "Connected replicas."),
    gauge("master_repl_offset", "master_repl_offset", "Replication offset of the master, in bytes."),
    gauge("repl_backlog_active", "repl_backlog_is_active", "Whether the replication backlog is active."),
    gauge("repl_backlog_size", "replication_backlog_bytes", "Size of the replication backlog."),
    gauge(
        "repl_backlog_first_byte_offset",
        "repl_backlog_first_byte_offset",
        "Replication offset at which the backlog begins.",
    ),
    gauge("repl_backlog_histlen", "repl_backlog_history_bytes", "Bytes in the replication backlog."),
    gauge("second_repl_offset", "second_repl_offset", "Offset up to which the former id counts; -1: none."),
    gauge("sync_full", "replica_resyncs_full", "Full synchronizations with replicas."),
    gauge("sync_partial_ok", "replica_partial_resync_accepted", "Partial synchronizations accepted."),
    gauge("sync_partial_err", "replica_partial_resync_denied", "Partial synchronizations refused."),
    gauge(
        "slave_expires_tracked_keys",
        "slave_expires_tracked_keys",
        "Keys that this replica expires by itself.",
    ),
    gauge("slave_priority", "slave_priority", "Priority of this replica for a failover."),
)
EVERY_FIELD = (*SERVER, *CLIENTS, *MEMORY, *TRAFFIC, *PERSISTENCE, *REPLICATION)
# what only dashboards of redis_exporter and a few closed panels ask for; the whole page leaves it out
ON_REQUEST = re.compile(
    r"redis_(process_id|clients_in_timeout_table|cluster_connections|config_maxmemory|number_of_cached_scripts"
    r"|allocator_(active|allocated|resident|frag|rss)_bytes|allocator_rss_ratio|mem_fragmentation_bytes"
    r"|active_defrag_running|migrate_cached_sockets_total|defrag_\w+|tracking_total_\w+"
    r"|unexpected_error_replies|dump_payload_sanitizations|(total|io_threaded)_(reads|writes)_processed"
    r"|cpu_(sys|user)_main_thread_seconds_total|(rdb|aof)_current_\w+|(rdb|aof)_last_cow_size_bytes"
    r"|aof_last_rewrite_duration_sec|aof_(rewrite_scheduled|pending_rewrite|buffer_length|pending_bio_fsync)"
    r"|aof_delayed_fsync|module_fork_last_cow_size|repl_backlog_(first_byte_offset|history_bytes)"
    r"|second_repl_offset)"
)
FIELDS = tuple(it for it in EVERY_FIELD if not ON_REQUEST.fullmatch(it.metric.name))
DETAILS = tuple(it for it in EVERY_FIELD if ON_REQUEST.fullmatch(it.metric.name))
