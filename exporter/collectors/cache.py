"""The cache: whether it responds, what the application counts, which keys are big."""

from collections.abc import Iterable, Sequence

from prometheus_client import Metric

from exporter.cardinality import OTHER, sanitize_label
from exporter.collector import Collector, Part
from exporter.collectors import redis_exporter, redis_rights
from exporter.collectors.redis_server import server_parts
from exporter.errors import RequestFailed
from exporter.metrics import Counter, Gauge, sum_rows
from exporter.sources import Sources
from exporter.sources.cache.key_scan import BigKey, PrefixStats, masked_key
from exporter.sources.json_object import JsonObject
from exporter.sources.redis_server import RedisServerSource

UP = Gauge("redis_up", "Whether the cache server replied to our own PING.")
PING_METRICS = (UP,)


async def read_ping(sources: Sources) -> Iterable[Metric]:
    """1 or 0, from our own PING only."""
    return (UP.single(float(await sources.cache.ping.is_responding())),)


MEMORY_RATIO = Gauge(
    "ops_cache_memory_use_ratio", "Memory in use as a share of the limit; absent without a limit."
)
MEMORY_METRICS = (MEMORY_RATIO,)


async def read_memory(sources: Sources) -> Iterable[Metric]:
    """The share of the memory that is in use."""
    server = await sources.cache.server.info.get()
    return (MEMORY_RATIO.single(memory_ratio(server.info)),)


def memory_ratio(info: JsonObject) -> float | None:
    """Memory in use over the limit; a limit of 0 is none."""
    used, limit = info.number("used_memory"), info.number("maxmemory")
    return used / limit if limit and used is not None else None


async def cache_server(sources: Sources) -> RedisServerSource:
    """The cache's server."""
    return sources.cache.server


HITS = Counter("ops_cache_hits_total", "Cache hits, as the backend counts them.")
MISSES = Counter("ops_cache_misses_total", "Cache misses, as the backend counts them.")
INVALIDATIONS = Counter("ops_cache_invalidations_total", "Values that the backend invalidated in the cache.")
APPLICATION_METRICS = (HITS, MISSES, INVALIDATIONS)


async def read_application(sources: Sources) -> Iterable[Metric]:
    """The counts of /cache/stats. Queries compute the hit ratio, over the time that they need."""
    counts = await sources.backend.cache.get()
    return HITS.single(counts.hits), MISSES.single(counts.misses), INVALIDATIONS.single(counts.invalidations)


GROUP_COUNT = Gauge(
    "redis_key_group_count",
    "Keys with this prefix, up to the separator; estimated from the scanned keys.",
    ("db", "key_group"),
)
GROUP_MEMORY = Gauge(
    "redis_key_group_memory_usage_bytes",
    "Memory of the keys with this prefix, estimated from a sample.",
    ("db", "key_group"),
)
DISTINCT_GROUPS = Gauge("redis_number_of_distinct_key_groups", "Distinct key prefixes.", ("db",))
KEY_SIZE = Gauge("redis_key_size", "Length of a big key's value, or number of its members.", ("db", "key"))
KEY_MEMORY = Gauge(
    "redis_key_memory_usage_bytes", "Memory of a key among the biggest of the sample.", ("db", "key")
)
SCANNED_RATIO = Gauge(
    "ops_cache_keys_seen_ratio", "Share of the keys that the last scan covered before its time limit."
)
MEASURED_RATIO = Gauge(
    "ops_cache_keys_measured_ratio", "Share of the scanned keys whose memory was measured."
)
MEASURED_KEYS = Gauge("ops_cache_keys_measured", "Keys whose memory the last scan measured.")
KEY_MEMORY_METRICS = (MEASURED_KEYS,)
KEYS_METRICS = (
    GROUP_COUNT,
    GROUP_MEMORY,
    DISTINCT_GROUPS,
    KEY_SIZE,
    KEY_MEMORY,
    SCANNED_RATIO,
    MEASURED_RATIO,
)
UNGROUPED = "ungrouped"


async def read_keys(sources: Sources) -> Iterable[Metric]:
    """The result of the last scan; scans run in the background."""
    found, db = await sources.cache.keys.get(), sources.cache.database
    settings = sources.settings.redis
    groups = limit_groups(found.groups, settings.key_groups)
    keys = [(db, name, key) for name, key in keys_by_label(sources, found.biggest).items()]
    return (
        GROUP_COUNT.family((db, name, count) for name, count, _ in groups),
        GROUP_MEMORY.family((db, name, used) for name, _, used in groups),
        DISTINCT_GROUPS.single(float(len(found.groups)), db),
        KEY_SIZE.family((db, name, key.size) for db, name, key in keys),
        KEY_MEMORY.family((db, name, key.used) for db, name, key in keys),
        SCANNED_RATIO.single(found.seen),
        MEASURED_RATIO.single(found.measured),
    )


def limit_groups(groups: Sequence[PrefixStats], most: int) -> list[tuple[str, float, float | None]]:
    """Name, count and bytes of the heaviest groups, and of all others as `other`."""
    ranked = sorted(groups, key=lambda g: (-(g.used or 0), -g.count, g.name))
    names = [
        sanitize_label(group.name or UNGROUPED, 64) if n < most else OTHER for n, group in enumerate(ranked)
    ]
    # two prefixes with the same label value are one group
    rows = list(zip(names, ranked, strict=True))
    counts = sum_rows((name, group.count) for name, group in rows)
    used: dict[str, float | None] = dict(sum_rows((name, group.used) for name, group in rows))
    return [(name, count, used[name]) for name, count in counts]


async def read_key_memory(sources: Sources) -> Iterable[Metric]:
    """The number of measured keys. Raises RequestFailed if the Redis user may not measure all of them."""
    found = await sources.cache.keys.get()
    if found.refused:
        raise RequestFailed(found.refused)
    return (MEASURED_KEYS.single(float(found.weighed)),)


def keys_by_label(sources: Sources, keys: Iterable[BigKey]) -> dict[str, BigKey]:
    """The keys by label value; of two with the same value the bigger one stays."""
    settings, length = sources.settings.redis, sources.settings.limits.label_length
    found: dict[str, BigKey] = {}
    for key in keys:
        found.setdefault(
            masked_key(key.name, settings.key_separator, settings.sensitive_prefixes, length), key
        )
    return found


CACHE = Collector(
    "cache",
    "application hits and misses, Redis server, biggest keys",
    (
        Part("ping", read_ping, PING_METRICS),
        *server_parts(cache_server),
        Part("memory", read_memory, MEMORY_METRICS),
        Part("application", read_application, APPLICATION_METRICS),
        Part("keys", read_keys, KEYS_METRICS),
        Part("key_memory", read_key_memory, KEY_MEMORY_METRICS),
        Part("rights", redis_rights.read_cache_rights, redis_rights.METRICS),
        Part("exporter", redis_exporter.read_exporter, redis_exporter.METRICS, on_request=True),
    ),
)
