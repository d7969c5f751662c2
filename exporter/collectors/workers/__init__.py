"""The workers: queues, heartbeats, tasks by their events, results, and what the backend says of them."""

from exporter.collector import Collector, Part
from exporter.collectors import redis_rights
from exporter.collectors.workers import inspected, queues, reported, results, tasks, up

WORKERS = Collector(
    "workers",
    "Celery queues, workers by heartbeat, tasks by their events, stored results",
    (
        Part("up", up.read_up, up.UP_METRICS),
        Part("queues", queues.read_queues, queues.QUEUES_METRICS),
        Part("tasks", tasks.read_tasks, tasks.TASKS_METRICS),
        Part("inspected", inspected.read_inspected, inspected.INSPECTED_METRICS),
        Part("results", results.read_results, results.RESULTS_METRICS),
        Part("reported", reported.read_reported, reported.REPORTED_METRICS),
        Part("rights", redis_rights.read_broker_rights, redis_rights.METRICS),
    ),
)
