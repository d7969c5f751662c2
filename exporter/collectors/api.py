"""The API: whether it answers, its requests by module, its processes, its methods."""

from exporter.collector import Collector, Part
from exporter.collectors import api_performance, api_process, api_totals, api_up

API = Collector(
    "api",
    "requests, errors and latency by module; the backend's processes and methods",
    (
        Part("up", api_up.read, api_up.METRICS),
        Part("totals", api_totals.read, api_totals.METRICS),
        Part("process", api_process.read, api_process.METRICS),
        Part("performance", api_performance.read, api_performance.METRICS),
    ),
)
