"""The fields of INFO on the page, under the names of redis_exporter."""

from dataclasses import dataclass

from exporter.metrics import Counter, Gauge


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


SERVER = (
    gauge("uptime_in_seconds", "uptime_in_seconds", "Seconds since the server started."),
    gauge("io_threads_active", "io_threads_active", "Whether I/O threads are active."),
    gauge("loading", "loading_dump_file", "Whether the server is still loading its data."),
    gauge("cluster_enabled", "cluster_enabled", "Whether the server is a node of a cluster."),
)
CLIENTS = (
    gauge("connected_clients", "connected_clients", "Open client connections."),
    gauge("blocked_clients", "blocked_clients", "Clients waiting in a blocking command."),
    gauge("maxclients", "max_clients", "Maximum number of client connections."),
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
    counter(
        "expired_time_cap_reached_count",
        "expired_time_cap_reached",
        "Expiry cycles that stopped at their time limit.",
    ),
    counter("evicted_keys", "evicted_keys", "Keys evicted at the memory limit."),
    counter("evicted_clients", "evicted_clients", "Clients disconnected because their buffers were too big."),
    # redis_exporter counts this in milliseconds, and names it so
    counter(
        "total_eviction_exceeded_time",
        "eviction_exceeded_seconds",
        "Time spent above the memory limit.",
        0.001,
    ),
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
        "rdb_last_bgsave_time_sec", "rdb_last_bgsave_duration_seconds", "Duration of the last RDB snapshot."
    ),
    gauge("aof_enabled", "aof_enabled", "Whether the AOF is enabled."),
    gauge("aof_rewrite_in_progress", "aof_rewrite_in_progress", "Whether the AOF is being rewritten."),
    gauge("aof_current_size", "aof_current_size_bytes", "Size of the AOF."),
    gauge("aof_base_size", "aof_base_size_bytes", "Size of the AOF after its last rewrite."),
)
REPLICATION = (
    gauge("connected_slaves", "connected_slaves", "Connected replicas."),
    gauge("master_repl_offset", "master_repl_offset", "Replication offset of the master, in bytes."),
    gauge("repl_backlog_active", "repl_backlog_is_active", "Whether the replication backlog is active."),
    gauge("repl_backlog_size", "replication_backlog_bytes", "Size of the replication backlog."),
    gauge("slave_repl_offset", "slave_repl_offset", "Replication offset of this replica, in bytes."),
    gauge(
        "master_last_io_seconds_ago",
        "master_last_io_seconds_ago",
        "Seconds since the last data from the master.",
    ),
    gauge(
        "master_sync_in_progress",
        "master_sync_in_progress",
        "Whether this replica is synchronizing with its master.",
    ),
)
FIELDS = (*SERVER, *CLIENTS, *MEMORY, *TRAFFIC, *PERSISTENCE, *REPLICATION)
