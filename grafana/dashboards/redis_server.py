"""A Redis server: clients, network, replication, durations of its commands."""

from grafana import mappings
from grafana.dashboards.redis_graphs import BYTES, BYTES_A_SECOND, HALF, OFF, THIRD, WHOLE, speeds, values
from grafana.grafana_json import Panel, Query
from grafana.graphs import graph
from grafana.grid import Section, closed
from grafana.panels import PanelOptions
from grafana.queries import redis_server as redis
from grafana.strips import count, states, word
from grafana.tables import AGE, Column, table


def server() -> Section:
    """Clients, network, processor."""
    return closed("Server", instance(), *clients(), *traffic(), *signs())


def instance() -> Panel:
    """What server it is."""
    columns = [
        Column("role", "Role", 110),
        Column("redis_version", "Version", 110),
        Column("redis_mode", "Mode", 130),
        Column("maxmemory_policy", "At the limit", 160),
        Column("os", "Operating system"),
    ]
    about = "What the server says of itself. At the limit of memory: which keys it evicts."
    return table("Instance", WHOLE, PanelOptions(about, OFF), [redis.instance()], columns)


def clients() -> tuple[Panel, ...]:
    """Connections and their buffers."""
    opened = "Open connections, and those that wait in a blocking command, as workers do."
    arrivals = "Connections a second: accepted, refused at the limit, cut since their buffers were too big."
    buffers = "The biggest buffers of a client recently: a client that reads too slowly fills the second."
    return (
        values(
            "Clients", THIRD, opened, "short", ("connected_clients", "connected"),
            ("blocked_clients", "blocked"), ("clients_in_timeout_table", "with a time-out"),
            ("tracking_clients", "tracking"), ("cluster_connections", "cluster"),
        ),
        speeds(
            "Connections", THIRD, arrivals, "cps", ("connections_received_total", "accepted"),
            ("rejected_connections_total", "rejected"), ("evicted_clients_total", "cut"),
        ),
        values(
            "Client buffers", THIRD, buffers, BYTES,
            ("client_recent_max_input_buffer_bytes", "input"),
            ("client_recent_max_output_buffer_bytes", "output"),
        ),
    )  # fmt: skip


def traffic() -> tuple[Panel, ...]:
    """Network, reads and writes, processor."""
    network = "Bytes a second that the server receives and sends."
    reads = "Reads from clients and writes to them a second, and those by I/O threads. Ours are among them."
    processor = "Share of one processor: of the server, of its main thread, of children that save."
    return (
        speeds(
            "Network", THIRD, network, BYTES_A_SECOND, ("net_input_bytes_total", "received"),
            ("net_output_bytes_total", "sent"),
        ),
        speeds(
            "Reads and writes", THIRD, reads, "ops", ("total_reads_processed", "reads"),
            ("total_writes_processed", "writes"), ("io_threaded_reads_processed", "threaded reads"),
            ("io_threaded_writes_processed", "threaded writes"), ("commands_processed_total", "commands"),
        ),
        speeds(
            "Processor", THIRD, processor, "percentunit", ("cpu_sys_seconds_total", "system"),
            ("cpu_user_seconds_total", "user"), ("cpu_sys_main_thread_seconds_total", "main thread, system"),
            ("cpu_user_main_thread_seconds_total", "main thread, user"),
            ("cpu_sys_children_seconds_total", "children, system"),
            ("cpu_user_children_seconds_total", "children, user"),
        ),
    )  # fmt: skip


def signs() -> tuple[Panel, ...]:
    """Slow commands, subscriptions, errors."""
    slow = "Entries of the server's slow log: SLOWLOG GET lists them."
    subscribed = "Channels and patterns with subscribers, and what is tracked for caches of clients."
    errors = (
        "Error replies a second, payloads of RESTORE that were checked. Unexpected: to a master or an AOF."
    )
    return (
        values("Slow commands", THIRD, slow, "short", ("slowlog_length", "slow commands")),
        values(
            "Subscriptions and tracking", THIRD, subscribed, "short", ("pubsub_channels", "channels"),
            ("pubsub_patterns", "patterns"), ("tracking_total_keys", "tracked keys"),
            ("tracking_total_items", "tracked items"), ("tracking_total_prefixes", "tracked prefixes"),
        ),
        speeds(
            "Error replies", THIRD, errors, "ops", ("total_error_replies", "errors"),
            ("unexpected_error_replies", "unexpected"), ("dump_payload_sanitizations", "payloads checked"),
        ),
    )  # fmt: skip


def replication() -> Section:
    """The replicas of this master, or the master of this replica."""
    offsets = "How far the replication has come. A replica that falls behind shows as a growing distance."
    backlog = "Bytes that the master keeps for replicas that come back, of at most so many."
    again = "Replicas that synchronized anew since the start; denied: the backlog was too small for them."
    return closed(
        "Replication",
        followers(),
        replicas(),
        followed(),
        values(
            "Replication offset", THIRD, offsets, BYTES, ("master_repl_offset", "master"),
            ("second_repl_offset", "former master"), ("repl_backlog_first_byte_offset", "backlog from"),
        ),
        values(
            "Backlog", THIRD, backlog, BYTES, ("repl_backlog_history_bytes", "kept"),
            ("replication_backlog_bytes", "at most"),
        ),
        values(
            "Synchronizations", THIRD, again, "short", ("replica_resyncs_full", "full"),
            ("replica_partial_resync_accepted", "partial"), ("replica_partial_resync_denied", "denied"),
        ),
    )  # fmt: skip


def followers() -> Panel:
    """How many replicas there are."""
    words = mappings.words({"1": ("yes", mappings.TEXT), "0": ("no", mappings.TEXT)})
    return states(
        "Replication", WHOLE,
        count("Replicas", redis.value("connected_slaves", ""), "Connected replicas."),
        word("Backlog", redis.flag("repl_backlog_is_active"), "Whether the backlog is active.", words),
        count(
            "Tracked", redis.value("slave_expires_tracked_keys", ""),
            "Keys that a writable replica has to expire itself.",
        ),
        count("Priority", redis.value("slave_priority", ""), "Which one Sentinel prefers; 0: never this."),
    )  # fmt: skip


def replicas() -> Panel:
    """Each replica."""
    columns = [
        Column("slave_ip", "Replica"),
        Column("slave_port", "Port", 70),
        Column("slave_state", "State", 110),
        Column("A", "Silent for", 110, "s", sort="greatest first"),
        Column("B", "Offset", 100, BYTES),
    ]
    about = "The replicas of this server, and how long ago each last reported."
    asked = [*map(redis.replica, ("connected_slave_lag_seconds", "connected_slave_offset_bytes"))]
    return table("Replicas", HALF, PanelOptions(about, "this server has no replica"), asked, columns)


def followed() -> Panel:
    """The master of this replica."""
    columns = [
        Column("master_host", "Master"),
        Column("master_port", "Port", 70),
        Column("A", "Link", 80, words=mappings.unless_good("up", "down")),
        Column("B", "Silent for", 100, "s"),
        Column("C", "Syncing", 80, words=mappings.unless_bad("yes", "no")),
        Column("D", "Offset", 100, BYTES),
    ]
    about = "The master that this server follows. Silent for -1 s: there is no link."
    metrics = ("master_link_up", "master_last_io_seconds_ago", "master_sync_in_progress", "slave_repl_offset")
    empty = PanelOptions(about, "this server follows no master")
    return table("Master", HALF, empty, [*map(redis.master, metrics)], columns)


def spikes() -> Panel:
    """The last latency spike of each kind."""
    columns = [
        Column("event_name", "Event"),
        Column("A", "Last", 140, AGE, sort="greatest first"),
        Column("B", "Duration", 90, "s"),
    ]
    about = "The last latency spike of each kind, where latency-monitor-threshold is set."
    asked: list[Query] = [redis.spike_time(), redis.spike("duration_seconds")]
    return table("Latency spikes", THIRD, PanelOptions(about, "✔ the server has seen none"), asked, columns)


def durations() -> tuple[Panel, ...]:
    """How long commands take, and which fail."""
    p99 = "99 % of the calls since the start took no longer, of the seven commands that take most time."
    bad = "Calls a second that were rejected before they ran, or that ended in an error, by command."
    return (
        graph("Command duration p99", THIRD, PanelOptions(p99, OFF, "µs"), redis.p99()),
        graph(
            "Rejected and failed calls", THIRD, PanelOptions(bad, "✔ every call succeeded", "ops"),
            *map(redis.bad_calls, ("rejected", "failed")),
        ),
        spikes(),
    )  # fmt: skip
