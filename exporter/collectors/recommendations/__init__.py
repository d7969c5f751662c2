"""Recommendations: what was shown, what was followed, and how good the models were found to be."""

from exporter.collector import Collector, Part
from exporter.collectors.recommendations import evaluations, feedback

RECOMMENDATIONS = Collector(
    "recommendations",
    "impressions, clicks, feedback, satisfaction, precision and recall",
    (
        Part("feedback", feedback.read_feedback, feedback.FEEDBACK_METRICS),
        Part("evaluations", evaluations.read_evaluations, evaluations.EVALUATIONS_METRICS),
    ),
)
