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
        Part("ping", ping.read_ping, ping.PING_METRICS),
        Part("queues", queues.read_queues, queues.QUEUES_METRICS),
        Part("worker", worker.read_worker, worker.WORKER_METRICS),
        Part("cloud", cloud.read_cloud, cloud.CLOUD_METRICS),
        Part("jobs", jobs.read_jobs, jobs.JOBS_METRICS),
        Part("history", history.read_history, history.HISTORY_METRICS),
        Part("rights", redis_rights.read_ingestion_rights, redis_rights.METRICS),
        Part("resources", resources.read_resources, resources.RESOURCES_METRICS),
        Part("health", health.read_health, health.HEALTH_METRICS),
        Part("service", service.read_service_health, service.SERVICE_HEALTH_METRICS),
        Part("service_jobs", service.read_service_jobs, service.SERVICE_JOBS_METRICS),
        Part(
            "service_history", service_history.read_service_history, service_history.SERVICE_HISTORY_METRICS
        ),
        Part(
            "service_workers", service_workers.read_service_workers, service_workers.SERVICE_WORKERS_METRICS
        ),
    ),
)
