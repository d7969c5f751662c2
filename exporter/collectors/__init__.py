"""The collectors, one subject each, in the order of the page."""

from exporter.collector import Collector
from exporter.collectors.cache import CACHE
from exporter.collectors.database import DATABASE
from exporter.collectors.ingestion import INGESTION

COLLECTORS: tuple[Collector, ...] = (DATABASE, CACHE, INGESTION)

__all__ = ["COLLECTORS"]
