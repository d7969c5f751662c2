"""The modules: what the backend reports of each, what is observed, and what follows from both."""

from exporter.collector import Collector, Part
from exporter.collectors.modules import reported, status

MODULES = Collector(
    "modules",
    "each module as reported, as observed, and as it is",
    (
        Part("status", status.read_status, status.STATUS_METRICS),
        Part("reported", reported.read_reported, reported.REPORTED_METRICS),
    ),
)
