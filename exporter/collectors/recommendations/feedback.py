"""What came of recommendations, by strategy and by window of time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from prometheus_client import Metric

from exporter.bounds import named
from exporter.metrics import Gauge
from exporter.sources import Sources
from exporter.sources.database.recommendations import Feedback, RecommendationStats

STRATEGY_LABELS = ("strategy", "window")
IMPRESSIONS = Gauge(
    "ops_recommendations_impressions", "Recommendations shown in the window.", STRATEGY_LABELS
)
CLICKS = Gauge("ops_recommendations_clicks", "Recommendations followed in the window.", STRATEGY_LABELS)
CLICK_THROUGH = Gauge(
    "ops_recommendations_click_through_ratio",
    "Clicks for each impression of the window; absent where there are more clicks than impressions.",
    STRATEGY_LABELS,
)
SATISFACTION = Gauge(
    "ops_recommendations_satisfaction_ratio",
    "Of the recommendations that were followed and judged in the window, the share found useful.",
    STRATEGY_LABELS,
)
FEEDBACK_ROWS = Gauge(
    "ops_recommendations_feedback", "Rows of feedback of the window.", ("feedback", "window")
)
FEEDBACK_METRICS = (IMPRESSIONS, CLICKS, CLICK_THROUGH, SATISFACTION, FEEDBACK_ROWS)
MAX_NAMES = 20
NameAndWindow = tuple[str, str]


async def read_feedback(sources: Sources) -> Iterable[Metric]:
    """The counts; nothing where the backend keeps no feedback."""
    feedback = await sources.database.feedback.answer()
    return () if feedback is None else feedback_families(feedback)


def feedback_families(feedback: Feedback) -> Iterable[Metric]:
    """The counts and ratios of all strategies."""
    outcomes = stats_by_strategy(feedback.outcomes)
    return (
        IMPRESSIONS.of((*key, o.impressions) for key, o in outcomes.items()),
        CLICKS.of((*key, o.clicks) for key, o in outcomes.items()),
        CLICK_THROUGH.of((*key, o.click_through) for key, o in outcomes.items()),
        SATISFACTION.of((*key, o.satisfaction) for key, o in outcomes.items()),
        FEEDBACK_ROWS.of((*key, count) for key, count in feedback_by_type(feedback.given).items()),
    )


def stats_by_strategy(
    outcomes: Mapping[NameAndWindow, RecommendationStats],
) -> dict[NameAndWindow, RecommendationStats]:
    """The busiest strategies by name, the others together."""
    names = labels_by_name({key: o.impressions + o.clicks for key, o in outcomes.items()})
    kept: dict[NameAndWindow, RecommendationStats] = defaultdict(RecommendationStats)
    for (strategy, window), outcome in outcomes.items():
        key = (names[strategy], window)
        kept[key] = kept[key].plus(outcome)
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
    return named(weights, MAX_NAMES)
