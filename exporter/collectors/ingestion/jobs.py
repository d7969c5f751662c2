"""The jobs that the backend's second layout tracks one by one."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge
from exporter.sources import Sources
from exporter.sources.ingestion.reading import JOB_STATES

TRACKED_JOBS = Gauge(
    "ops_ingestion_tracked_jobs",
    "Jobs in the backend's own table of jobs, by state; none where it keeps no such table.",
    ("state",),
)
JOBS_METRICS = (TRACKED_JOBS,)


async def read_jobs(sources: Sources) -> Iterable[Metric]:
    """The jobs by state, every state shown as soon as one job is tracked."""
    jobs = await sources.ingestion.jobs.answer()
    if not jobs:
        return ()
    by_state = Counter(job.state for job in jobs)
    return (TRACKED_JOBS.of((state, by_state[state]) for state in JOB_STATES),)
