"""The cache: does it help, does it fit, what fills it, and where to clear it."""

from grafana import annotations, levels, links, mappings
from grafana.dashboard import Dashboard
from grafana.dashboards import redis_server, redis_storage
from grafana.dashboards.actions import ABOUT as ACTIONS
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel
from grafana.graphs import graph
from grafana.grid import Section, section, stack, top
from grafana.panels import PanelOptions
from grafana.queries import cache
from grafana.queries.series import level as level_of
from grafana.sizes import Size
from grafana.strips import Cell, count, duration, level, numbers, signal, states, word
from grafana.tables import Column, table
from grafana.texts import text

OFF = "no cache is polled: set REDIS_URL"
NO_LOOKUPS = "no look-ups in this time"
NOT_YET = "the cache holds no key, or is not sampled yet: once a minute"
JUDGED = (
    "cache_up", "cache_hit_ratio", "redis_memory", "redis_evictions", "redis_clients", "redis_refused",
    "redis_saved",
)  # fmt: skip
QUARTER, THIRD = Size(6, 8), Size(8, 8)
MEMORY = ("used", "used_rss", "used_peak")
LOOKUPS = ("hits", "misses", "invalidations")
WAS = {
    "Status": "Redis",
    "Last hour": "Hits",
    "Data and alerts": "Alerts on this",
    "Keys": "Keys",
    "Sampling": "Keys seen",
    "Command duration": "Time of a command",
    "Errors by kind": "Errors sent",
}


def board() -> Dashboard:
    """From its use down to single keys."""
    return Dashboard(
        "cache",
        "Cache",
        "Does the cache help, does it fit into memory, what fills it, and what can be cleared?",
        (
            top(status(), last_hour(), data_and_alerts("cache", "cache"), *use()),
            keys(),
            commands(),
            redis_server.server(),
            redis_storage.memory(),
            redis_storage.expiry(),
            redis_storage.persistence(),
            redis_server.replication(),
        ),
        marks=annotations.of_signals(levels.signals_of("cache")),
        was=WAS,
    )


def status() -> Panel:
    """The server now."""
    observed = "Whether Redis answered our own PING."
    reported = "The backend's report on Redis in its /health."
    saved = "Since the last good snapshot. Later writes are lost with the server."
    return states(
        "Status",
        Size(9, 4),
        word("Observed", cache.up(), observed, mappings.good_if("up", "down")),
        Cell("Reported", cache.reported(), reported, words=mappings.status()),
        duration("Snapshot", cache.saved(), saved),
        duration("Uptime", cache.uptime(), "Since Redis started."),
    )


def last_hour() -> Panel:
    """Hits, memory and losses."""
    memory = "Memory over its limit; unknown where no limit is set (maxmemory 0)."
    judged = (
        "How grave hits, memory, evictions, clients and snapshots are, by the levels in force; "
        "few: too little happens to judge what passes a level."
    )
    return numbers(
        "Last hour",
        Size(9, 4),
        signal("Hit ratio", "cache_hit_ratio", cache.hit_ratio()),
        signal("Memory", "redis_memory", cache.memory_use(), about=memory),
        signal("Evictions", "redis_evictions", cache.ended("evicted")),
        level(level_of(*JUDGED), judged),
    )


def use() -> tuple[Panel, ...]:
    """Use, memory and losses over time."""
    hits = "Look-ups that hit, of the backend and of the whole server. Levels are the backend's."
    looks = "Look-ups and invalidations per second. Many invalidations: writes throw the cache away."
    memory = "Bytes in use, resident, at the peak, and the limit where one is set."
    lost = "Keys per second that were evicted at the memory limit, or expired by their TTL."
    gone = ("evicted", "expired")
    return (
        graph(
            "Hit ratio", QUARTER, PanelOptions(hits, NO_LOOKUPS, signal="cache_hit_ratio"),
            cache.hit_ratio(), cache.server_hit_ratio(),
        ),
        graph("Look-ups", QUARTER, PanelOptions(looks, NO_LOOKUPS, "ops"), *map(cache.lookups, LOOKUPS)),
        graph(
            "Memory", QUARTER, PanelOptions(memory, OFF, "bytes"), *map(cache.memory, MEMORY),
            cache.memory_limit(),
        ),
        graph(
            "Evicted and expired", QUARTER, PanelOptions(lost, OFF, signal="redis_evictions"),
            *map(cache.ended, gone),
        ),
    )  # fmt: skip


def keys() -> Section:
    """What fills it, and the page that clears it."""
    clear = "[**Clear by prefix …**](${service}/cache)\n\nThe page counts first and asks before it deletes."
    kept = "Keys in the cache's database; other databases of the server are in Databases, below."
    seen = "Share of the keys that the last pass sampled. Below 100 %: it ran out of time."
    measured = "Share of these keys whose memory was measured."
    return section(
        "Keys",
        prefixes(),
        biggest(),
        stack(
            text("Clear the cache", Size(5, 6), ACTIONS, clear),
            states(
                "Keys",
                Size(5, 4),
                count("Keys", cache.keys(), kept),
                count("Prefixes", cache.prefixes(), "Prefixes of these keys."),
            ),
            states(
                "Sampling",
                Size(5, 4),
                Cell("Sampled", cache.seen(), seen, "percentunit", 0),
                Cell("Measured", cache.measured(), measured, "percentunit", 0),
            ),
        ),
    )


def prefixes() -> Panel:
    """Keys by prefix."""
    about = "Keys by prefix, estimated from a sample. Click a prefix to count and clear it."
    # prefixes end before the separator; without it the keys of longer names would match, too
    prefix = {"prefix": f"{links.cell('key_group')}:"}
    columns = [
        Column("key_group", "Prefix", links=(links.page("/cache", "Clear these keys …", prefix),)),
        Column("db", "DB", 60),
        Column("A", "Keys", 75, "short"),
        Column("B", "Memory", 90, "bytes", sort="greatest first"),
    ]
    options = PanelOptions(about, NOT_YET)
    return table("Prefixes", Size(8, 14), options, [cache.groups(), cache.group_memory()], columns)


def biggest() -> Panel:
    """The biggest keys."""
    about = "The biggest keys of the sample. Names that may hold a secret are hidden."
    columns = [
        Column("key", "Key"),
        Column("db", "DB", 60),
        Column("A", "Memory", 100, "bytes", sort="greatest first"),
        Column("B", "Length", 80, "short"),
    ]
    options = PanelOptions(about, NOT_YET)
    return table("Biggest keys", Size(11, 14), options, [cache.biggest_keys(), cache.key_lengths()], columns)


def commands() -> Section:
    """What it is asked."""
    count = "Commands per second, the seven commonest of the range."
    mean = "Mean time of the seven slowest commands of the range."
    failures = "Errors that the server sent per second, by their first word. OOM: memory is full."
    none = "✔ the server sent no error"
    return section(
        "Commands",
        graph("Commands", THIRD, PanelOptions(count, OFF, "ops"), cache.commands()),
        graph("Command duration", THIRD, PanelOptions(mean, OFF, "s"), cache.command_time()),
        graph("Errors by kind", THIRD, PanelOptions(failures, none, "ops"), cache.failures()),
        *redis_server.durations(),
    )
