"""The cache: what the application counts, what the server says, which keys are big."""

from exporter.collector import Collector, Part
from exporter.collectors import redis_rights
from exporter.collectors.cache import application, keys, ping, server, slow

CACHE = Collector(
    "cache",
    "application hits and misses, Redis server, biggest keys",
    (
        Part("ping", ping.read_ping, ping.PING_METRICS),
        Part("server", server.read_server, server.SERVER_METRICS),
        Part("slow", slow.read_slow, slow.SLOW_METRICS),
        Part("application", application.read_application, application.APPLICATION_METRICS),
        Part("keys", keys.read_keys, keys.KEYS_METRICS),
        Part("key_memory", keys.read_key_memory, keys.KEY_MEMORY_METRICS),
        Part("rights", redis_rights.read_cache_rights, redis_rights.METRICS),
    ),
)
