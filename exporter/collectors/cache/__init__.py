"""The cache: what the application counts, what the server says, which keys are big."""

from exporter.collector import Collector, Part
from exporter.collectors.cache import application, keys, ping, server

CACHE = Collector(
    "cache",
    "application hits and misses, Redis server, biggest keys",
    (
        Part("ping", ping.read, ping.METRICS),
        Part("server", server.read, server.METRICS),
        Part("application", application.read, application.METRICS),
        Part("keys", keys.read, keys.METRICS),
    ),
)
