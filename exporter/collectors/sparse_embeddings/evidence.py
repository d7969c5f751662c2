"""Whether stored vectors can have been made by the model whose name they carry."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.metrics import Gauge
from exporter.sources import Sources

SAMPLED = Gauge(
    "ops_sparse_embeddings_sampled", "Newest vectors of the model that were looked at.", ("model",)
)
SUSPECT = Gauge(
    "ops_sparse_embeddings_suspect",
    "Those of them that the named model cannot have made: a salted fallback stores its name, too.",
    ("model",),
)
EVIDENCE = Gauge(
    "ops_sparse_embeddings_evidence",
    "Vectors by what speaks against them: token ids that the model does not have (impossible_ids), "
    "weights that are whole counts (whole_counts), equal texts with other terms (unlike_twins).",
    ("model", "evidence"),
)
EVIDENCE_METRICS = (SAMPLED, SUSPECT, EVIDENCE)


async def read_evidence(sources: Sources) -> Iterable[Metric]:
    """What a small sample of each model gives away."""
    found = await sources.database.evidence.answer()
    kinds = ("impossible_ids", "whole_counts", "unlike_twins")
    return (
        SAMPLED.of((label(e.model), float(e.sampled)) for e in found),
        SUSPECT.of((label(e.model), float(e.suspect)) for e in found),
        EVIDENCE.of((label(e.model), kind, float(getattr(e, kind))) for e in found for kind in kinds),
    )
