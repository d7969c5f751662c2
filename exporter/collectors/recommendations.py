"""Recommendations: impressions, clicks and feedback, and how good the models were found to be."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from prometheus_client import Metric

from exporter.cardinality import label_by_rank, sanitize_label
from exporter.collector import Collector, Part
from exporter.errors import NotConfigured, SourceError
from exporter.metrics import Gauge
from exporter.sources import Sources
from exporter.sources.database.recommendations import (
    Feedback,
    ModelEvaluation,
    RecommendationStats,
    find_share,
)
from exporter.sources.json_object import JsonObject

STRATEGY_LABELS = ("strategy", "window")
IMPRESSIONS = Gauge(
    "ops_recommendations_impressions", "Recommendations displayed in the window.", STRATEGY_LABELS
)
CLICKS = Gauge("ops_recommendations_clicks", "Recommendations clicked in the window.", STRATEGY_LABELS)
CLICK_THROUGH = Gauge(
    "ops_recommendations_click_through_ratio",
    "Clicks per impression in the window; absent with more clicks than impressions.",
    STRATEGY_LABELS,
)
SATISFACTION = Gauge(
    "ops_recommendations_satisfaction_ratio",
    "Share of the clicked and rated recommendations in the window that were rated useful.",
    STRATEGY_LABELS,
)
FEEDBACK_ROWS = Gauge("ops_recommendations_feedback", "Feedback rows in the window.", ("feedback", "window"))
FEEDBACK_METRICS = (IMPRESSIONS, CLICKS, CLICK_THROUGH, SATISFACTION, FEEDBACK_ROWS)
MAX_NAMES = 20
NameAndWindow = tuple[str, str]


async def read_feedback(sources: Sources) -> Iterable[Metric]:
    """The counts; nothing if the backend stores no feedback."""
    feedback = await sources.database.feedback.get()
    return () if feedback is None else feedback_families(feedback)


def feedback_families(feedback: Feedback) -> Iterable[Metric]:
    """The counts and ratios of all strategies."""
    outcomes = stats_by_strategy(feedback.stats)
    return (
        IMPRESSIONS.family((*key, o.impressions) for key, o in outcomes.items()),
        CLICKS.family((*key, o.clicks) for key, o in outcomes.items()),
        CLICK_THROUGH.family((*key, o.click_through) for key, o in outcomes.items()),
        SATISFACTION.family((*key, o.satisfaction) for key, o in outcomes.items()),
        FEEDBACK_ROWS.family((*key, count) for key, count in feedback_by_type(feedback.by_type).items()),
    )


def stats_by_strategy(
    outcomes: Mapping[NameAndWindow, RecommendationStats],
) -> dict[NameAndWindow, RecommendationStats]:
    """The busiest strategies by name, the others together."""
    names = labels_by_name({key: o.impressions + o.clicks for key, o in outcomes.items()})
    kept: dict[NameAndWindow, RecommendationStats] = defaultdict(RecommendationStats)
    for (strategy, window), outcome in outcomes.items():
        key = (names[strategy], window)
        kept[key] = kept[key].merge(outcome)
    return kept


def feedback_by_type(given: Mapping[NameAndWindow, float]) -> dict[NameAndWindow, float]:
    """The most frequent types of feedback by name, the others together."""
    names = labels_by_name(given)
    kept: dict[NameAndWindow, float] = defaultdict(float)
    for (kind, window), count in given.items():
        kept[names[kind], window] += count
    return kept


def labels_by_name(counts: Mapping[NameAndWindow, float]) -> dict[str, str]:
    """The label value of each name, those with most rows under their own."""
    weights: dict[str, float] = defaultdict(float)
    for (name, _), count in counts.items():
        weights[name] += count
    return label_by_rank(weights, MAX_NAMES)


MODEL_LABELS = ("model",)
PRECISION = Gauge(
    "ops_recommendations_precision_ratio",
    "Precision of the model's recommendations; model `reported` is the backend's own report.",
    MODEL_LABELS,
)
RECALL = Gauge("ops_recommendations_recall_ratio", "Recall of the model's recommendations.", MODEL_LABELS)
EVALUATED = Gauge(
    "ops_recommendations_evaluated_timestamp_seconds", "Unix time of the evaluation.", MODEL_LABELS
)
EVALUATIONS_METRICS = (PRECISION, RECALL, EVALUATED)
REPORTED = "reported"


async def read_evaluations(sources: Sources) -> Iterable[Metric]:
    """Evaluations from the table of model versions and from the backend's report."""
    failed: SourceError | None = None
    found: list[ModelEvaluation] = []
    try:
        found += reported_evaluations(await sources.backend.recommendations.get())
    except SourceError as error:
        failed = error
    try:
        found += (await sources.database.evaluations.get())[: sources.settings.limits.models]
    except NotConfigured:
        if failed is not None:
            raise failed from None
    return (
        PRECISION.family((sanitize_label(e.model), e.precision) for e in found),
        RECALL.family((sanitize_label(e.model), e.recall) for e in found),
        EVALUATED.family((sanitize_label(e.model), e.at) for e in found),
    )


def reported_evaluations(report: JsonObject) -> list[ModelEvaluation]:
    """Precision and recall of the report; often absent."""
    metrics = report.object("metrics")
    precision, recall = find_share(metrics, "precision"), find_share(metrics, "recall")
    if precision is None and recall is None:
        return []
    at = metrics.timestamp("evaluated_at")
    return [ModelEvaluation(REPORTED, precision, recall, report.timestamp("timestamp") if at is None else at)]


RECOMMENDATIONS = Collector(
    "recommendations",
    "impressions, clicks, feedback, satisfaction, precision and recall",
    (
        Part("feedback", read_feedback, FEEDBACK_METRICS),
        Part("evaluations", read_evaluations, EVALUATIONS_METRICS),
    ),
)
