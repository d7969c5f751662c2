"""The workers: queues, heartbeats, tasks by their events, results, and what the backend says of them."""

from exporter.collector import Collector, Part
from exporter.collectors import redis_rights
from exporter.collectors.workers import inspected, queues, reported, results, tasks, up

WORKERS = Collector(
    "workers",
    "Celery queues, workers by heartbeat, tasks by their events, stored results",
    (
        Part("up", up.read, up.METRICS),
        Part("queues", queues.read, queues.METRICS),
        Part("tasks", tasks.read, tasks.METRICS),
        Part("inspected", inspected.read, inspected.METRICS),
        Part("results", results.read, results.METRICS),
        Part("reported", reported.read, reported.METRICS),
        Part("rights", redis_rights.of_broker, redis_rights.METRICS),
    ),
)
