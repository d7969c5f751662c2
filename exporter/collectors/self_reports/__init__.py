"""Self-reports: where the backend's word on itself differs from what is observed."""

from exporter.collector import Collector, Part
from exporter.collectors.self_reports import components, disagreements

SELF_REPORTS = Collector(
    "self_reports",
    "what the backend reports of itself against what is observed",
    (
        Part("disagreements", disagreements.read_disagreements, disagreements.DISAGREEMENTS_METRICS),
        Part("components", components.read_components, components.COMPONENTS_METRICS),
    ),
)
