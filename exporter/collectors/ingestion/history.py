"""What came of the ingestion jobs: the window that the backend remembers, and counters made of it."""

from collections import Counter as Count
from collections.abc import Iterable, Sequence
from math import ceil

from prometheus_client import Metric

from exporter.errors import NotConfigured
from exporter.metrics import Counter, Gauge, Histogram, Quantiles, Summary
from exporter.sources import Sources
from exporter.sources.ingestion.answers import History, Job
from exporter.sources.ingestion.tally import ENDED

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
METRICS = (WINDOW, DURATION, LAST, FINISHED, FILES, EMBEDDINGS, SECONDS)
QUANTILES = (0.5, 0.95, 1.0)


async def read(sources: Sources) -> Iterable[Metric]:
    """The history from Redis where that is known to hold it, else from the backend's API."""
    known = await history(sources)
    ended = Count(job.state if job.state in ENDED else "other" for job in known.jobs)
    return (
        WINDOW.of((state, ended[state]) for state in ENDED),
        DURATION.of([((), Quantiles(durations(known.jobs)))]),
        LAST.of((state, newest(known.jobs, state)) for state in ENDED),
        FINISHED.of(known.totals.ended.items()),
        FILES.one(known.totals.files),
        EMBEDDINGS.one(known.totals.embeddings),
        SECONDS.of([((), known.totals.seconds)]),
    )


async def history(sources: Sources) -> History:
    """The finished jobs. Raises SourceError when whoever knows cannot be asked."""
    try:
        known = await sources.ingestion.history.answer()
    except NotConfigured:
        return await reported(sources)
    return known if sources.ingestion.is_here or known.jobs else await reported(sources)


async def reported(sources: Sources) -> History:
    """The history as the backend's API tells it."""
    return sources.ingestion.reported(await sources.backend.jobs.answer())


def durations(jobs: Sequence[Job]) -> dict[float, float | None]:
    """The quantiles of the durations, by the nearest rank; none without any."""
    known = sorted(job.seconds for job in jobs if job.seconds is not None)
    return {share: known[ceil(share * len(known)) - 1] for share in QUANTILES} if known else {}


def newest(jobs: Sequence[Job], state: str) -> float | None:
    """When the newest job of this state ended."""
    return max((job.ended for job in jobs if job.state == state and job.ended is not None), default=None)
