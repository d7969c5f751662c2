"""The cache: what the application counts, what the server says, which keys are big."""

from exporter.collector import Collector, Part
from exporter.collectors import cache_ping

CACHE = Collector(
    "cache",
    "application hits and misses, Redis server, biggest keys",
    (Part("ping", cache_ping.read, cache_ping.METRICS),),
)
