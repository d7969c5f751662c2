"""The workers: queues, heartbeats, tasks by their events, results, and what the backend says of them."""

from exporter.collector import Collector, Part
from exporter.collectors import (
    workers_inspected,
    workers_queues,
    workers_reported,
    workers_results,
    workers_tasks,
    workers_up,
)

WORKERS = Collector(
    "workers",
    "Celery queues, workers by heartbeat, tasks by their events, stored results",
    (
        Part("up", workers_up.read, workers_up.METRICS),
        Part("queues", workers_queues.read, workers_queues.METRICS),
        Part("tasks", workers_tasks.read, workers_tasks.METRICS),
        Part("inspected", workers_inspected.read, workers_inspected.METRICS),
        Part("results", workers_results.read, workers_results.METRICS),
        Part("reported", workers_reported.read, workers_reported.METRICS),
    ),
)
