"""The modules: what the backend reports of each, what is observed, and what follows from both."""

from exporter.collector import Collector, Part
from exporter.collectors import modules_reported, modules_status

MODULES = Collector(
    "modules",
    "each module as reported, as observed, and as it is",
    (
        Part("status", modules_status.read, modules_status.METRICS),
        Part("reported", modules_reported.read, modules_reported.METRICS),
    ),
)
