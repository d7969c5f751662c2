"""The collectors, one subject each, in the order of the page."""

from exporter.collector import Collector
from exporter.collectors.cache import CACHE
from exporter.collectors.database import DATABASE

COLLECTORS: tuple[Collector, ...] = (DATABASE, CACHE)

__all__ = ["COLLECTORS"]
