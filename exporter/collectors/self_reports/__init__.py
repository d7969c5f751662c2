"""Self-reports: where the backend's word on itself differs from what is observed."""

from exporter.collectors.self_reports.collector import SELF_REPORTS

__all__ = ["SELF_REPORTS"]
