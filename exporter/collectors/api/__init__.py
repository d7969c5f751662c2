"""The API: whether it answers, its requests by module, its processes, its methods."""

from exporter.collector import Collector, Part
from exporter.collectors.api import performance, process, totals, up

API = Collector(
    "api",
    "requests, errors and latency by module; the backend's processes and methods",
    (
        Part("up", up.read_up, up.UP_METRICS),
        Part("totals", totals.read_totals, totals.TOTALS_METRICS),
        Part("process", process.read_process, process.PROCESS_METRICS),
        Part("performance", performance.read_performance, performance.PERFORMANCE_METRICS),
    ),
)
