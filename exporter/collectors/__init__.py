"""The collectors, one subject each, in the order of the page."""

from exporter.collector import Collector
from exporter.collectors.api import API
from exporter.collectors.cache import CACHE
from exporter.collectors.database import DATABASE
from exporter.collectors.event_bus import EVENT_BUS
from exporter.collectors.ingestion import INGESTION
from exporter.collectors.models import MODELS
from exporter.collectors.modules import MODULES
from exporter.collectors.workers import WORKERS

COLLECTORS: tuple[Collector, ...] = (
    MODULES,
    API,
    DATABASE,
    EVENT_BUS,
    CACHE,
    WORKERS,
    MODELS,
    INGESTION,
)

__all__ = ["COLLECTORS"]
