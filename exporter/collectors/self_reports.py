"""Self-reports: where the backend's word on itself differs from what is observed."""

from exporter.collector import Collector, Part
from exporter.collectors import self_reports_components, self_reports_disagreements

SELF_REPORTS = Collector(
    "self_reports",
    "what the backend reports of itself against what is observed",
    (
        Part("disagreements", self_reports_disagreements.read, self_reports_disagreements.METRICS),
        Part("components", self_reports_components.read, self_reports_components.METRICS),
    ),
)
