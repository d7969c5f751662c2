"""The cache: what the application counts, what the server says, which keys are big."""

from exporter.collector import Collector, Part
from exporter.collectors import redis_rights
from exporter.collectors.cache import application, keys, ping, server, slow

CACHE = Collector(
    "cache",
    "application hits and misses, Redis server, biggest keys",
    (
        Part("ping", ping.read, ping.METRICS),
        Part("server", server.read, server.METRICS),
        Part("slow", slow.read, slow.METRICS),
        Part("application", application.read, application.METRICS),
        Part("keys", keys.read, keys.METRICS),
        Part("key_memory", keys.read_memory, keys.MEMORY_METRICS),
        Part("rights", redis_rights.of_cache, redis_rights.METRICS),
    ),
)
