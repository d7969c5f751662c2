"""The cache: does it help, does it fit, what fills it, and where to clear it."""

from grafana import links
from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.dashboards.actions import ABOUT as ACTIONS
from grafana.grafana_json import Panel
from grafana.old_grid import Band, pile, row, wide
from grafana.old_panels import Says, judged, stat, status_says, text, timeseries, words
from grafana.old_tables import Column, table
from grafana.queries import cache
from grafana.queries.series import levels_of

OFF = "the cache is not asked: set REDIS_URL"
UNLIMITED = "no limit is set (maxmemory 0)"
NO_LOOKUPS = "no look-ups in this time"
NOT_YET = "keys are looked at once a minute; not yet"


def board() -> Dashboard:
    """From its use down to single keys."""
    return Dashboard(
        "cache",
        "Cache",
        "Does the cache help, does it fit into memory, what fills it, and what can be cleared?",
        (freshness.fresh("cache", "cache"), now(), courses(), keys(), server(), commands()),
    )


def now() -> Band:
    """The present state in numbers."""
    up = Says("Whether Redis answered our own PING.", OFF, "none", more=freshness.works())
    said = status_says("What the backend's own /health says of Redis.", "/health says nothing of it")
    hits = judged("cache_hit_ratio", "Share of the backend's look-ups that found a value.", NO_LOOKUPS)
    memory = judged("redis_memory", "Memory as a share of its limit.", UNLIMITED)
    evicted = judged("redis_evictions", "Keys a second that Redis threw out for want of room.", OFF)
    saved = Says("Since the last good snapshot; what came later is lost with the server.", OFF, "s")
    return row(
        "Now",
        words("Redis", cache.up(), says=up),
        words("Backend says", cache.reported(), says=said),
        stat("Hits", cache.hit_ratio(), says=hits),
        stat("Memory of its limit", cache.memory_use(), says=memory),
        stat("Evicted", cache.ended("evicted"), says=evicted),
        stat("Connected clients", cache.clients("connected"), says=Says("Open connections.", OFF)),
        stat("Snapshot", cache.saved(), says=saved, graph=False),
        stat("Uptime", cache.uptime(), says=Says("Since Redis started.", OFF, "s"), graph=False),
        height=4,
    )


def courses() -> Band:
    """Use, memory and losses over time."""
    hits = (
        "Share of look-ups that hit: of the backend, and of all who use the server; levels are the backend's."
    )
    looks = "Look-ups and invalidations a second. Many invalidations: writes throw the cache away."
    memory = "Bytes in use, resident, at the peak; the limit where one is set."
    lost = "Keys a second that were thrown out for want of room, and that ended in time."
    kinds = ("used", "used_rss", "used_peak", "max")
    lookups = ("hits", "misses", "invalidations")
    return row(
        "Does it help, does it fit?",
        timeseries(
            "Hit ratio",
            cache.hit_ratio(),
            cache.server_hit_ratio(),
            *levels_of("cache_hit_ratio", ("info", "warning")),
            says=Says(hits, NO_LOOKUPS, "percentunit"),
        ),
        timeseries("Look-ups", *map(cache.lookups, lookups), says=Says(looks, NO_LOOKUPS, "ops")),
        timeseries("Memory", *map(cache.memory, kinds), says=Says(memory, OFF, "bytes")),
        timeseries(
            "Evicted and expired",
            cache.ended("evicted"),
            cache.ended("expired"),
            *levels_of("redis_evictions", ("warning",)),
            says=Says(lost, OFF, "ops"),
        ),
    )


def keys() -> Band:
    """What fills it, and the page that clears it."""
    clear = "[**Clear by prefix …**](${service}/cache)\n\nThe page counts first and asks before it deletes."
    seen = Says(
        "Share of the keys that the last pass saw; less than all: it ran out of time.", NOT_YET, "percentunit"
    )
    side = pile(
        (text("Clear the cache", clear, ACTIONS), 4),
        (stat("Keys seen", cache.seen(), says=seen, graph=False), 3),
        (stat("Keys", cache.keys(), says=Says("Keys in each database.", OFF)), 4),
        width=4,
    )
    return row("What fills it?", wide(groups(), 10), wide(biggest(), 10), side, height=11)


def groups() -> Panel:
    """Keys by their beginnings."""
    about = "Keys by how they begin, estimated from a sample. Click a prefix to count and clear it."
    # groups end where the separator begins; without it the keys of longer names would match, too
    prefix = {"prefix": f"{links.cell('key_group')}:"}
    columns = [
        Column("key_group", "Begins with", links=(links.page("/cache", "Clear these keys …", prefix),)),
        Column("db", "Database", width=100),
        Column("A", "Keys", "short", width=90),
        Column("B", "Memory", "bytes", width=110),
    ]
    says = Says(about, NOT_YET, "none")
    return table("Prefixes", cache.groups(), cache.group_memory(), says=says, columns=columns, sort="Memory")


def biggest() -> Panel:
    """The biggest keys."""
    about = "The biggest keys of those measured. Keys behind which something secret stands are not named."
    columns = [
        Column("key", "Key"),
        Column("db", "Database", width=100),
        Column("A", "Memory", "bytes", width=110),
        Column("B", "Length", "short", width=90),
    ]
    asked = (cache.biggest_keys(), cache.key_lengths())
    return table("Biggest keys", *asked, says=Says(about, NOT_YET, "none"), columns=columns, sort="Memory")


def server() -> Band:
    """The server itself."""
    clients = "Open connections, and those that wait in a blocking command, as workers do."
    fragments = "Resident bytes for each byte in use. Over 1.5: memory is lost to holes."
    slow = "Commands in the server's log of slow ones: SLOWLOG GET tells which."
    return row(
        "The server",
        timeseries("Clients", *map(cache.clients, ("connected", "blocked")), says=Says(clients, OFF)),
        timeseries("Fragmentation", cache.fragmentation(), says=Says(fragments, OFF)),
        timeseries("Slow commands", cache.slow_commands(), says=Says(slow, OFF)),
        height=7,
    )


def commands() -> Band:
    """What it is asked."""
    failures = "Errors that the server sent a second, by their first word. OOM: memory is full."
    none = "✔ the server sent no error"
    return row(
        "What it is asked",
        timeseries("Commands", cache.commands(), says=Says("The seven commonest commands.", OFF, "ops")),
        timeseries(
            "Time of a command", cache.command_time(), says=Says("The seven slowest commands.", OFF, "s")
        ),
        timeseries("Errors sent", cache.failures(), says=Says(failures, none, "ops")),
        height=7,
    )
