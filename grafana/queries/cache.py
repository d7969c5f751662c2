"""The cache: what the application finds in it, the server behind it, its biggest keys."""

from grafana.grafana_json import Query, query
from grafana.queries.series import (
    age,
    leading,
    least,
    mean_rate,
    most,
    own,
    rate,
    recorded,
    risen_most,
    slowest,
    state,
    total,
)

# by command, recorded for panels
CALLS, SECONDS = "cmd:redis_commands:rate5m", "cmd:redis_commands_duration_seconds:rate5m"


def up() -> Query:
    """Whether the cache server answers our own PING."""
    return query(least(own("redis_up")), "observed")


def reported() -> Query:
    """What the backend says of Redis."""
    return query(state("ops_component_reported_status", matchers=('component="redis"',)), "reported")


def hit_ratio() -> Query:
    """Share of the backend's look-ups that found a value."""
    return query("max(ops:cache_hits_per_lookup:ratio_rate5m)", "hits")


def server_hit_ratio() -> Query:
    """Share of all look-ups of the server that found their key."""
    return query("max(redis:keyspace_hits_per_lookup:ratio_rate5m)", "whole server")


def lookups(kind: str) -> Query:
    """Hits, misses or invalidations of the backend a second."""
    return query(total(rate(f"ops_cache_{kind}_total")), kind)


def memory(kind: str) -> Query:
    """Bytes of the server: used, used_rss, used_peak or used_dataset."""
    return query(most(own(f"redis_memory_{kind}_bytes")), kind.replace("_", " "))


def memory_limit() -> Query:
    """The limit in bytes; 0 stands for none, which is no line at the bottom."""
    return query(f"{most(own('redis_memory_max_bytes'))} > 0", "limit")


def memory_use() -> Query:
    """Memory as a share of its limit."""
    return query(most(own("ops_cache_memory_use_ratio")), "in use")


def ended(kind: str) -> Query:
    """Keys a second that were evicted or expired."""
    return query(total(rate(f"redis_{kind}_keys_total")), kind)


def commands() -> Query:
    """Commands a second, the seven commonest."""
    calls = recorded(CALLS)
    return query(leading(7, "cmd", mean_rate(calls, "cmd"), risen_most(calls, "cmd")), "{{cmd}}")


def command_time() -> Query:
    """Mean time of the seven slowest commands."""
    return query(slowest(7, recorded("cmd:redis_seconds_per_command:ratio_rate5m"), "cmd"), "{{cmd}}")


def failures() -> Query:
    """Errors that the server sent a second, by their first word."""
    return query(total(rate("redis_errors_total"), "err"), "{{err}}")


def saved() -> Query:
    """How long ago the last good snapshot was."""
    return query(age(most(own("redis_rdb_last_save_timestamp_seconds"))), "snapshot")


def uptime() -> Query:
    """Seconds since the server started."""
    return query(most(own("redis_uptime_in_seconds")), "uptime")


def biggest_keys() -> Query:
    """The biggest keys, by memory."""
    return query(most(own("redis_key_memory_usage_bytes"), "db", "key"))


def key_lengths() -> Query:
    """Members or characters of the biggest keys."""
    return query(most(own("redis_key_size"), "db", "key"))


def groups() -> Query:
    """Keys by how they begin."""
    return query(most(own("redis_key_group_count"), "db", "key_group"))


def group_memory() -> Query:
    """Bytes of keys by how they begin."""
    return query(most(own("redis_key_group_memory_usage_bytes"), "db", "key_group"))


def keys() -> Query:
    """Keys of the cache's database, which is the one that is scanned; an empty one has no series of keys."""
    scanned = most(own("redis_number_of_distinct_key_groups"), "db")
    there = f"sum({most(own('redis_db_keys'), 'db')} and on (db) {scanned})"
    return query(f"{there} or 0 * sum({scanned})", "keys")


def seen() -> Query:
    """Share of the keys that the last pass saw."""
    return query(least(own("ops_cache_keys_seen_ratio")), "keys seen")


def measured() -> Query:
    """Share of the keys whose memory the last pass measured."""
    return query(least(own("ops_cache_keys_measured_ratio")), "keys measured")


def prefixes() -> Query:
    """How many prefixes its keys have."""
    return query(total(most(own("redis_number_of_distinct_key_groups"), "db")), "prefixes")
