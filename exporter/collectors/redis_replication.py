"""A Redis server's replication: the master of this replica, or the replicas of this master."""

from collections.abc import Iterator

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.metrics import Gauge, Info, Row, first_rows
from exporter.sources.json_object import JsonObject

MASTER = ("master_host", "master_port")
REPLICA = ("slave_ip", "slave_port", "slave_state")
MASTER_LINK = Gauge("redis_master_link_up", "Whether this replica is connected to its master.", MASTER)
MASTER_SILENCE = Gauge(
    "redis_master_last_io_seconds_ago",
    "Seconds since the last data from the master; -1: it is not connected.",
    MASTER,
)
MASTER_SYNC = Gauge(
    "redis_master_sync_in_progress", "Whether this replica is synchronizing with its master.", MASTER
)
OFFSET = Gauge("redis_slave_repl_offset", "Replication offset of this replica, in bytes.", MASTER)
SLAVE = Info(
    "redis_slave_info", "The master of this replica, and whether it is read-only.", (*MASTER, "read_only")
)
REPLICA_LAG = Gauge("redis_connected_slave_lag_seconds", "Seconds since the replica's last report.", REPLICA)
REPLICA_OFFSET = Gauge("redis_connected_slave_offset_bytes", "Replication offset of the replica.", REPLICA)
REPLICATION_METRICS = (MASTER_LINK, MASTER_SILENCE, MASTER_SYNC, OFFSET, SLAVE, REPLICA_LAG, REPLICA_OFFSET)
MAX_REPLICAS = 50


def replication_families(info: JsonObject, length: int) -> Iterator[Metric]:
    """The families by master and by replica; label values have at most `length` characters."""
    if info.at("master_host") is not None:
        yield from master_families(info, length)
    replicas = [info.object(f"slave{number}") for number in range(MAX_REPLICAS)]
    yield REPLICA_LAG.family(replica_rows(replicas, "lag", length))
    yield REPLICA_OFFSET.family(replica_rows(replicas, "offset", length))


def master_families(info: JsonObject, length: int) -> Iterator[Metric]:
    """What a replica reports of its master."""
    master = tuple(sanitize_label(field_text(info, name), length) for name in MASTER)
    yield MASTER_LINK.single(float(info.text("master_link_status") == "up"), *master)
    yield MASTER_SILENCE.single(info.number("master_last_io_seconds_ago"), *master)
    yield MASTER_SYNC.single(info.number("master_sync_in_progress"), *master)
    yield OFFSET.single(info.number("slave_repl_offset"), *master)
    yield SLAVE.info(*master, field_text(info, "slave_read_only"))


def replica_rows(replicas: list[JsonObject], field: str, length: int) -> list[Row]:
    """One row for each replica: its address, its state and this field."""
    named = (
        (
            *(sanitize_label(field_text(one, name), length) for name in ("ip", "port", "state")),
            one.number(field),
        )
        for one in replicas
        if one.at("ip") is not None
    )
    return first_rows(named)


def field_text(info: JsonObject, name: str) -> str:
    """A field as text; the client library makes numbers of what looks like one."""
    value = info.at(name)
    return "" if value is None else str(value)
