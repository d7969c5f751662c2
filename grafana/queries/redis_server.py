"""A Redis server: clients, network, memory by use, expiry, persistence, replication, commands."""

from grafana.grafana_json import Query, query
from grafana.queries.cache import SECONDS
from grafana.queries.series import (
    leading,
    least,
    mean_rate,
    moment,
    most,
    own,
    per,
    rate,
    recorded,
    risen_most,
    total,
)
from prometheus.panel_rules import COMMAND_P99

MASTER = ("master_host", "master_port")
REPLICA = ("slave_ip", "slave_port", "slave_state")
INSTANCE = ("role", "redis_version", "redis_mode", "maxmemory_policy", "os")


def value(metric: str, legend: str) -> Query:
    """A number of the server."""
    return query(most(own(f"redis_{metric}")), legend)


def speed(counter: str, legend: str) -> Query:
    """How fast a count of the server rises."""
    return query(total(rate(f"redis_{counter}")), legend)


def flag(metric: str) -> Query:
    """Whether something is so, or went well the last time."""
    return query(least(own(f"redis_{metric}")), metric)


def instance() -> Query:
    """What server it is, in rows."""
    return query(most(own("redis_instance_info"), *INSTANCE), rows=True)


def database(metric: str) -> Query:
    """A number of each database that holds keys, in rows."""
    keys = most(own("redis_db_keys"), "db")
    return query(f"{most(own(f'redis_{metric}'), 'db')} and on (db) ({keys} > 0)", rows=True)


def replica(metric: str) -> Query:
    """A number of each replica, in rows."""
    return query(most(own(f"redis_{metric}"), *REPLICA), rows=True)


def master(metric: str) -> Query:
    """A number of the master that this server follows, in rows."""
    return query(most(own(f"redis_{metric}"), *MASTER), rows=True)


def spike(metric: str) -> Query:
    """A number of the last latency spike of each kind, in rows."""
    return query(most(own(f"redis_latency_spike_{metric}"), "event_name"), rows=True)


def spike_time() -> Query:
    """When the last latency spike of each kind was, in rows."""
    return query(moment(most(own("redis_latency_spike_last"), "event_name")), rows=True)


def p99() -> Query:
    """The server's 99th percentile of a command's duration, of the seven commands that take most time."""
    percentile = most(recorded(COMMAND_P99), "cmd")
    spent = risen_most(recorded(SECONDS), "cmd")
    return query(leading(7, "cmd", percentile, spent), "{{cmd}}")


def bad_calls(kind: str) -> Query:
    """Calls a second that were rejected or that failed, by command."""
    found = mean_rate(recorded(f"cmd:redis_commands_{kind}_calls:rate5m"), "cmd")
    return query(f"{found} > 0", f"{kind}: {{{{cmd}}}}")


def expired_share() -> Query:
    """Keys with a TTL as a share of all."""
    expiring, keys = (total(most(own(f"redis_db_{it}"), "db")) for it in ("keys_expiring", "keys"))
    return query(per(expiring, keys), "with a TTL")
