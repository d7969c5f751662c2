"""Prometheus counts of resources taken in, under the names of the contract."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge

SUCCESS = Counter("neo_alexandria_ingestion_success_total", "Total successful resource ingestions.")
FAILURE = Counter(
    "neo_alexandria_ingestion_failure_total", "Total failed resource ingestions.", ["error_type"]
)
ACTIVE = Gauge("neo_alexandria_active_ingestions", "Number of currently active ingestion processes.")


@contextmanager
def counted() -> Iterator[None]:
    """Count the block as one ingestion, failed if it raises."""
    with ACTIVE.track_inprogress():
        try:
            yield
        except Exception as error:
            FAILURE.labels(type(error).__name__).inc()
            raise
    SUCCESS.inc()
