"""The ingestion: what waits, who takes it, what came of it."""

from exporter.collector import Collector, Part
from exporter.collectors import redis_rights
from exporter.collectors.ingestion import (
    cloud,
    health,
    history,
    jobs,
    ping,
    queues,
    resources,
    service,
    service_history,
    service_workers,
    worker,
)

INGESTION = Collector(
    "ingestion",
    "queues and their capacity, worker heartbeat, finished jobs, dead letters; the same of our own service",
    (
        Part("ping", ping.read, ping.METRICS),
        Part("queues", queues.read, queues.METRICS),
        Part("worker", worker.read, worker.METRICS),
        Part("cloud", cloud.read, cloud.METRICS),
        Part("jobs", jobs.read, jobs.METRICS),
        Part("history", history.read, history.METRICS),
        Part("rights", redis_rights.of_ingestion, redis_rights.METRICS),
        Part("resources", resources.read, resources.METRICS),
        Part("health", health.read, health.METRICS),
        Part("service", service.read_health, service.HEALTH_METRICS),
        Part("service_jobs", service.read_jobs, service.JOBS_METRICS),
        Part("service_history", service_history.read, service_history.METRICS),
        Part("service_workers", service_workers.read, service_workers.METRICS),
    ),
)
