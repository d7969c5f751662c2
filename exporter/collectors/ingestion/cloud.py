"""Whether anybody ingests in the cloud: the Celery workers that take from the ingestion's own queue."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.collectors.ingestion.worker import STATUS, UP
from exporter.sources import Sources

CLOUD_METRICS = (STATUS, UP)
CLOUD = "cloud"


async def read_cloud(sources: Sources) -> Iterable[Metric]:
    """Up while a worker takes from the queue, down while none does, unknown while nobody could be asked."""
    name = sources.settings.ingestion.cloud_queue
    queues = (await sources.broker.observed()).queues or ()
    takers = next((queue.consumers for queue in queues if queue.name == name), None)
    if takers is None:
        return (STATUS.of_states([(CLOUD, "unknown")]),)
    return STATUS.of_states([(CLOUD, "healthy" if takers else "down")]), UP.one(float(takers > 0), CLOUD)
