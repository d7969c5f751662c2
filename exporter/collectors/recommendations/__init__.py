"""Recommendations: what was shown, what was followed, and how good the models were found to be."""

from exporter.collector import Collector, Part
from exporter.collectors.recommendations import evaluations, feedback

RECOMMENDATIONS = Collector(
    "recommendations",
    "impressions, clicks, feedback, satisfaction, precision and recall",
    (
        Part("feedback", feedback.read, feedback.METRICS),
        Part("evaluations", evaluations.read, evaluations.METRICS),
    ),
)
