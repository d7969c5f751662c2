"""What came of recommendations, by strategy and by window of time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from prometheus_client import Metric

from exporter.bounds import named
from exporter.metrics import Gauge
from exporter.sources import Sources
from exporter.sources.database.recommendations import Feedback, RecommendationStats

BY = ("strategy", "window")
IMPRESSIONS = Gauge("ops_recommendations_impressions", "Recommendations shown in the window.", BY)
CLICKS = Gauge("ops_recommendations_clicks", "Recommendations followed in the window.", BY)
CLICK_THROUGH = Gauge(
    "ops_recommendations_click_through_ratio",
    "Clicks for each impression of the window; absent where there are more clicks than impressions.",
    BY,
)
SATISFACTION = Gauge(
    "ops_recommendations_satisfaction_ratio",
    "Of the recommendations that were followed and judged in the window, the share found useful.",
    BY,
)
GIVEN = Gauge("ops_recommendations_feedback", "Rows of feedback of the window.", ("feedback", "window"))
METRICS = (IMPRESSIONS, CLICKS, CLICK_THROUGH, SATISFACTION, GIVEN)
NAMES = 20
Key = tuple[str, str]


async def read(sources: Sources) -> Iterable[Metric]:
    """The counts; nothing where the backend keeps no feedback."""
    feedback = await sources.database.feedback.answer()
    return () if feedback is None else families(feedback)


def families(feedback: Feedback) -> Iterable[Metric]:
    """The counts and ratios of all strategies."""
    outcomes = by_strategy(feedback.outcomes)
    return (
        IMPRESSIONS.of((*key, o.impressions) for key, o in outcomes.items()),
        CLICKS.of((*key, o.clicks) for key, o in outcomes.items()),
        CLICK_THROUGH.of((*key, o.click_through) for key, o in outcomes.items()),
        SATISFACTION.of((*key, o.satisfaction) for key, o in outcomes.items()),
        GIVEN.of((*key, count) for key, count in by_type(feedback.given).items()),
    )


def by_strategy(outcomes: Mapping[Key, RecommendationStats]) -> dict[Key, RecommendationStats]:
    """The busiest strategies by name, the others together."""
    names = labels({key: o.impressions + o.clicks for key, o in outcomes.items()})
    kept: dict[Key, RecommendationStats] = defaultdict(RecommendationStats)
    for (strategy, window), outcome in outcomes.items():
        key = (names[strategy], window)
        kept[key] = kept[key].plus(outcome)
    return kept


def by_type(given: Mapping[Key, float]) -> dict[Key, float]:
    """The most frequent types of feedback by name, the others together."""
    names = labels(given)
    kept: dict[Key, float] = defaultdict(float)
    for (kind, window), count in given.items():
        kept[names[kind], window] += count
    return kept


def labels(counts: Mapping[Key, float]) -> dict[str, str]:
    """The label value of each name, those with most rows under their own."""
    weights: dict[str, float] = defaultdict(float)
    for (name, _), count in counts.items():
        weights[name] += count
    return named(weights, NAMES)
