"""Which fields of INFO are shown, under the names that dashboards for Redis know."""

from dataclasses import dataclass

from exporter.metrics import Counter, Gauge


@dataclass(frozen=True)
class InfoField:
    """One field of INFO: the metric it becomes, and what one unit of it is in the metric's unit."""

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
    gauge("io_threads_active", "io_threads_active", "Whether input and output threads are at work."),
    gauge("loading", "loading_dump_file", "Whether the server is still loading its data."),
    gauge("cluster_enabled", "cluster_enabled", "Whether the server is a node of a cluster."),
)
CLIENTS = (
    gauge("connected_clients", "connected_clients", "Open client connections."),
    gauge("blocked_clients", "blocked_clients", "Clients that wait in a blocking command."),
    gauge("maxclients", "max_clients", "Connections that the server accepts at most."),
    gauge("tracking_clients", "tracking_clients", "Clients that the server tells about changed keys."),
    counter("total_connections_received", "connections_received", "Connections accepted."),
    counter("rejected_connections", "rejected_connections", "Connections refused for the limit of clients."),
)
MEMORY = (
    gauge("used_memory", "memory_used_bytes", "Bytes that the server has allocated."),
    gauge("used_memory_rss", "memory_used_rss_bytes", "Bytes of the server that are resident."),
    gauge("used_memory_peak", "memory_used_peak_bytes", "Most bytes that were ever allocated."),
    gauge("used_memory_dataset", "memory_used_dataset_bytes", "Bytes allocated for the data itself."),
    gauge("used_memory_overhead", "memory_used_overhead_bytes", "Bytes allocated for all but the data."),
    gauge("used_memory_startup", "memory_used_startup_bytes", "Bytes allocated when the server had started."),
    gauge("used_memory_scripts", "memory_used_scripts_bytes", "Bytes allocated for scripts."),
    gauge("maxmemory", "memory_max_bytes", "Bytes that the data may take; 0 stands for no limit."),
    gauge("mem_fragmentation_ratio", "mem_fragmentation_ratio", "Resident bytes over allocated bytes."),
    gauge("mem_clients_normal", "mem_clients_normal", "Bytes of the buffers of ordinary clients."),
    gauge("mem_clients_slaves", "mem_clients_slaves", "Bytes of the buffers of replicas."),
    gauge(
        "allocator_frag_ratio", "allocator_frag_ratio", "Bytes in the allocator's pages over bytes in use."
    ),
    gauge("lazyfree_pending_objects", "lazyfree_pending_objects", "Objects that wait to be freed."),
)
TRAFFIC = (
    counter("total_commands_processed", "commands_processed", "Commands run."),
    counter("total_net_input_bytes", "net_input_bytes", "Bytes received."),
    counter("total_net_output_bytes", "net_output_bytes", "Bytes sent."),
    counter("keyspace_hits", "keyspace_hits", "Look-ups that found their key, of all who use the server."),
    counter("keyspace_misses", "keyspace_misses", "Look-ups that found nothing, of all who use the server."),
    counter("expired_keys", "expired_keys", "Keys that ended because their time was over."),
    counter(
        "expired_time_cap_reached_count", "expired_time_cap_reached", "Times that expiring was cut short."
    ),
    counter("evicted_keys", "evicted_keys", "Keys thrown out because memory was short."),
    counter("evicted_clients", "evicted_clients", "Clients closed because their buffers took too much."),
    # redis_exporter counts this in milliseconds, under a name that says so
    counter(
        "total_eviction_exceeded_time", "eviction_exceeded_seconds", "Time above the memory limit.", 0.001
    ),
    gauge(
        "expired_stale_perc", "expired_stale_percentage", "Keys that are over but still there, in percent."
    ),
    gauge("pubsub_channels", "pubsub_channels", "Channels that somebody listens to."),
    gauge("pubsub_patterns", "pubsub_patterns", "Patterns of channels that somebody listens to."),
    gauge("latest_fork_usec", "latest_fork_seconds", "Time that the last fork took.", 1e-6),
    counter("used_cpu_sys", "cpu_sys_seconds", "Processor time of the server in the system."),
    counter("used_cpu_user", "cpu_user_seconds", "Processor time of the server in its own code."),
    counter(
        "used_cpu_sys_children", "cpu_sys_children_seconds", "Processor time of its children in the system."
    ),
    counter(
        "used_cpu_user_children", "cpu_user_children_seconds", "Processor time of its children's own code."
    ),
)
PERSISTENCE = (
    gauge("rdb_changes_since_last_save", "rdb_changes_since_last_save", "Changes that no snapshot holds."),
    gauge("rdb_bgsave_in_progress", "rdb_bgsave_in_progress", "Whether a snapshot is being written."),
    gauge("rdb_last_save_time", "rdb_last_save_timestamp_seconds", "Unix time of the last good snapshot."),
    gauge(
        "rdb_last_bgsave_time_sec", "rdb_last_bgsave_duration_seconds", "Time that the last snapshot took."
    ),
    gauge("aof_enabled", "aof_enabled", "Whether every change is logged to a file."),
    gauge("aof_rewrite_in_progress", "aof_rewrite_in_progress", "Whether the log file is being rewritten."),
    gauge("aof_current_size", "aof_current_size_bytes", "Size of the log file."),
    gauge("aof_base_size", "aof_base_size_bytes", "Size of the log file after its last rewrite."),
)
REPLICATION = (
    gauge("connected_slaves", "connected_slaves", "Replicas that are connected."),
    gauge("master_repl_offset", "master_repl_offset", "Bytes in the stream to the replicas so far."),
    gauge("repl_backlog_active", "repl_backlog_is_active", "Whether a backlog for replicas is kept."),
    gauge("repl_backlog_size", "replication_backlog_bytes", "Bytes that the backlog may hold."),
    gauge("slave_repl_offset", "slave_repl_offset", "Bytes of its master's stream that this replica has."),
    gauge(
        "master_last_io_seconds_ago",
        "master_last_io_seconds_ago",
        "Seconds since this replica heard its master.",
    ),
    gauge("master_sync_in_progress", "master_sync_in_progress", "Whether this replica is being filled."),
)
FIELDS = (*SERVER, *CLIENTS, *MEMORY, *TRAFFIC, *PERSISTENCE, *REPLICATION)
