"""The ingestion: what waits, who takes it, what came of it."""

from exporter.collector import Collector, Part
from exporter.collectors import (
    ingestion_cloud,
    ingestion_health,
    ingestion_history,
    ingestion_jobs,
    ingestion_ping,
    ingestion_queues,
    ingestion_resources,
    ingestion_worker,
)

INGESTION = Collector(
    "ingestion",
    "queues and their capacity, worker heartbeat, finished jobs, dead letters",
    (
        Part("ping", ingestion_ping.read, ingestion_ping.METRICS),
        Part("queues", ingestion_queues.read, ingestion_queues.METRICS),
        Part("worker", ingestion_worker.read, ingestion_worker.METRICS),
        Part("cloud", ingestion_cloud.read, ingestion_cloud.METRICS),
        Part("jobs", ingestion_jobs.read, ingestion_jobs.METRICS),
        Part("history", ingestion_history.read, ingestion_history.METRICS),
        Part("resources", ingestion_resources.read, ingestion_resources.METRICS),
        Part("health", ingestion_health.read, ingestion_health.METRICS),
    ),
)
