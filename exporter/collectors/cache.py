"""The cache: what the application counts, what the server says, which keys are big."""

from exporter.collector import Collector, Part
from exporter.collectors import cache_application, cache_keys, cache_ping, cache_server

CACHE = Collector(
    "cache",
    "application hits and misses, Redis server, biggest keys",
    (
        Part("ping", cache_ping.read, cache_ping.METRICS),
        Part("server", cache_server.read, cache_server.METRICS),
        Part("application", cache_application.read, cache_application.METRICS),
        Part("keys", cache_keys.read, cache_keys.METRICS),
    ),
)
