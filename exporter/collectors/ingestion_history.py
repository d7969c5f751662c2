"""What came of the ingestion jobs: the backend's recent jobs, and counters made of them."""

from collections import Counter as Count
from collections.abc import Iterable, Sequence
from math import ceil
from typing import NamedTuple

from prometheus_client import Metric

from exporter.errors import NotConfigured
from exporter.metrics import Counter, Gauge, Histogram, Summary, SummaryData
from exporter.sources import Sources
from exporter.sources.ingestion.history import END_STATES
from exporter.sources.ingestion.models import IngestionJob, JobHistory

DURATION_QUANTILES = (0.5, 0.95, 1.0)


class JobHistoryMetrics(NamedTuple):
    """What is shown of one history of jobs, whoever keeps it."""

    window: Gauge
    duration: Summary
    last: Gauge
    finished: Counter
    files: Counter
    embeddings: Counter
    seconds: Histogram

    def families(self, known: JobHistory, states: Sequence[str]) -> Iterable[Metric]:
        """The families of this history; a job in none of the states counts as `other`, if that is one."""
        ended = Count(job.state if job.state in states else "other" for job in known.jobs)
        return (
            self.window.family((state, ended[state]) for state in states),
            self.duration.family([((), SummaryData(durations(known.jobs)))]),
            self.last.family((state, newest_end(known.jobs, state)) for state in states),
            self.finished.family(known.totals.ended.items()),
            self.files.single(known.totals.files),
            self.embeddings.single(known.totals.embeddings),
            self.seconds.family([((), known.totals.seconds)]),
        )


WINDOW = Gauge(
    "ops_ingestion_history_jobs",
    "Jobs among the newest finished ones that the backend remembers (100 at most), by how they ended.",
    ("state",),
)
DURATION = Summary(
    "ops_ingestion_history_duration_seconds",
    "Durations of the remembered jobs that tell one: quantiles of that window, not of all time.",
)
LAST = Gauge(
    "ops_ingestion_last_job_timestamp_seconds",
    "Unix time at which the newest remembered job of this state ended.",
    ("state",),
)
FINISHED = Counter(
    "ops_ingestion_jobs_total", "Jobs seen to end since the exporter first read the history.", ("state",)
)
FILES = Counter(
    "ops_ingestion_files_processed_total", "Files in the jobs seen to end since the exporter first looked."
)
EMBEDDINGS = Counter(
    "ops_ingestion_embeddings_generated_total",
    "Embeddings made by the jobs seen to end since the exporter first looked.",
)
SECONDS = Histogram(
    "ops_ingestion_job_duration_seconds",
    "Durations of the jobs seen to end since the exporter first looked, as far as they tell one.",
)
HISTORY_METRICS = JobHistoryMetrics(WINDOW, DURATION, LAST, FINISHED, FILES, EMBEDDINGS, SECONDS)


async def read_history(sources: Sources) -> Iterable[Metric]:
    """The history from Redis where that is known to hold it, else from the backend's API."""
    return HISTORY_METRICS.families(await job_history(sources), END_STATES)


async def job_history(sources: Sources) -> JobHistory:
    """The finished jobs. Raises SourceError when whoever knows cannot be asked."""
    try:
        known = await sources.ingestion.history.get()
    except NotConfigured:
        return await reported_history(sources)
    return known if sources.ingestion.is_here or known.jobs else await reported_history(sources)


async def reported_history(sources: Sources) -> JobHistory:
    """The history as the backend's API tells it."""
    return sources.ingestion.reported(await sources.backend.jobs.get())


def durations(jobs: Sequence[IngestionJob]) -> dict[float, float | None]:
    """The quantiles of the durations, by the nearest rank; none without any."""
    known = sorted(job.seconds for job in jobs if job.seconds is not None)
    return {share: known[ceil(share * len(known)) - 1] for share in DURATION_QUANTILES} if known else {}


def newest_end(jobs: Sequence[IngestionJob], state: str) -> float | None:
    """When the newest job of this state ended."""
    return max((job.ended for job in jobs if job.state == state and job.ended is not None), default=None)
