"""How good the recommendations were found to be, with the time at which that was found."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.bounds import label
from exporter.errors import NotConfigured, SourceError
from exporter.metrics import Gauge
from exporter.sources import Sources
from exporter.sources.database.evaluations import ModelEvaluation, find_share
from exporter.sources.document import Document

MODEL_LABELS = ("model",)
PRECISION = Gauge(
    "ops_recommendations_precision_ratio",
    "Share of what the model recommends that is liked; model `reported` is the backend's own report.",
    MODEL_LABELS,
)
RECALL = Gauge(
    "ops_recommendations_recall_ratio", "Share of what is liked that the model recommends.", MODEL_LABELS
)
EVALUATED = Gauge(
    "ops_recommendations_evaluated_timestamp_seconds", "Unix time of that evaluation.", MODEL_LABELS
)
EVALUATIONS_METRICS = (PRECISION, RECALL, EVALUATED)
REPORTED = "reported"


async def read_evaluations(sources: Sources) -> Iterable[Metric]:
    """Evaluations from the table of model versions and from the backend's report, where either has any."""
    failed: SourceError | None = None
    found: list[ModelEvaluation] = []
    try:
        found += reported_evaluations(await sources.backend.recommendations.answer())
    except SourceError as error:
        failed = error
    try:
        found += (await sources.database.evaluations.answer())[: sources.settings.limits.models]
    except NotConfigured:
        if failed is not None:
            raise failed from None
    return (
        PRECISION.of((label(e.model), e.precision) for e in found),
        RECALL.of((label(e.model), e.recall) for e in found),
        EVALUATED.of((label(e.model), e.at) for e in found),
    )


def reported_evaluations(report: Document) -> list[ModelEvaluation]:
    """What the report says of precision and recall; often nothing."""
    metrics = report.part("metrics")
    precision, recall = find_share(metrics, "precision"), find_share(metrics, "recall")
    if precision is None and recall is None:
        return []
    at = metrics.moment("evaluated_at")
    return [ModelEvaluation(REPORTED, precision, recall, report.moment("timestamp") if at is None else at)]
