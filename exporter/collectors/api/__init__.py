"""The API: whether it answers, its requests by module, its processes, its methods."""

from exporter.collector import Collector, Part
from exporter.collectors.api import performance, process, totals, up

API = Collector(
    "api",
    "requests, errors and latency by module; the backend's processes and methods",
    (
        Part("up", up.read, up.METRICS),
        Part("totals", totals.read, totals.METRICS),
        Part("process", process.read, process.METRICS),
        Part("performance", performance.read, performance.METRICS),
    ),
)
