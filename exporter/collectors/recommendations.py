"""Recommendations: what was shown, what was followed, and how good the models were found to be."""

from exporter.collector import Collector, Part
from exporter.collectors import recommendations_evaluations, recommendations_feedback

RECOMMENDATIONS = Collector(
    "recommendations",
    "impressions, clicks, feedback, satisfaction, precision and recall",
    (
        Part("feedback", recommendations_feedback.read, recommendations_feedback.METRICS),
        Part("evaluations", recommendations_evaluations.read, recommendations_evaluations.METRICS),
    ),
)
