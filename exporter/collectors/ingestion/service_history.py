"""What came of the jobs of our own ingestion service, in the terms of the backend's history."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.collectors.ingestion.history import JobHistoryMetrics
from exporter.metrics import Counter, Gauge, Histogram, Summary
from exporter.sources import Sources
from exporter.sources.service.answers import ENDED

WINDOW = Gauge(
    "ops_ingestion_service_history_jobs",
    "Jobs among the newest hundred finished ones of the service, by how they ended.",
    ("state",),
)
DURATION = Summary(
    "ops_ingestion_service_history_duration_seconds",
    "Durations of those of them that ran: quantiles of that window, not of all time.",
)
LAST = Gauge(
    "ops_ingestion_service_last_job_timestamp_seconds",
    "Unix time at which the newest of them in this state ended.",
    ("state",),
)
FINISHED = Counter(
    "ops_ingestion_service_jobs_ended_total",
    "Jobs of the service seen to end since the exporter first read its history.",
    ("state",),
)
FILES = Counter(
    "ops_ingestion_service_files_processed_total", "Files in the jobs of the service seen to end."
)
EMBEDDINGS = Counter(
    "ops_ingestion_service_embeddings_generated_total",
    "Embeddings made by the jobs of the service seen to end.",
)
SECONDS = Histogram(
    "ops_ingestion_service_job_duration_seconds", "Durations of the jobs of the service seen to end."
)
SERVICE_HISTORY_METRICS = JobHistoryMetrics(WINDOW, DURATION, LAST, FINISHED, FILES, EMBEDDINGS, SECONDS)


async def read_service_history(sources: Sources) -> Iterable[Metric]:
    """The window that the service's history gives, and counters made of it."""
    return SERVICE_HISTORY_METRICS.of(await sources.service.history.answer(), ENDED)
