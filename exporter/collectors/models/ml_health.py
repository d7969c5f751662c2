"""What /health/ml says: it answers HTTP 200 even where its body means an error."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, States
from exporter.sources import Sources

STATUS = States(
    "ops_ml_health_reported_status",
    "Status that /health/ml gives in its body; unknown where it says that it does not apply.",
    ("status",),
)
HTTP_STATUS = Gauge("ops_ml_health_http_status", "HTTP status that the body of /health/ml says it means.")
ML_HEALTH_METRICS = (STATUS, HTTP_STATUS)


async def read_ml_health(sources: Sources) -> Iterable[Metric]:
    """The whole of /health/ml; its checks of single models are in the part `states`."""
    health = await sources.backend.ml.answer()
    return STATUS.of_states([(health.status,)]), HTTP_STATUS.one(health.http_status)
