"""How many resources have a sparse embedding."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import biggest
from exporter.metrics import Gauge
from exporter.sources import Sources

RESOURCES = Gauge(
    "ops_sparse_embeddings_resources",
    "Resources with a sparse embedding, without one, and with one that holds no term (empty).",
    ("state",),
)
BY_MODEL = Gauge(
    "ops_sparse_embeddings_model_resources",
    "Resources with a sparse embedding by the model name stored beside it, which may be wrong.",
    ("model",),
)
LAST_GENERATION = Gauge(
    "ops_sparse_embeddings_last_generation_timestamp_seconds", "Unix time of the newest sparse embedding."
)
COVERAGE_METRICS = (RESOURCES, BY_MODEL, LAST_GENERATION)


async def read_coverage(sources: Sources) -> Iterable[Metric]:
    """The counts; nothing where the table resources has no sparse embeddings."""
    sparse = await sources.database.sparse.answer()
    if sparse is None:
        return ()
    limits = sources.settings.limits
    return (
        RESOURCES.of(sparse.by_state.items()),
        BY_MODEL.of(biggest(sparse.by_model, limits.models, limits.label_length).items()),
        LAST_GENERATION.one(sparse.last),
    )
