"""The collectors, one subject each, in the order of the page."""

from exporter.collector import Collector
from exporter.collectors.anomalies import ANOMALIES
from exporter.collectors.api import API
from exporter.collectors.broker_redis import BROKER_REDIS
from exporter.collectors.cache import CACHE
from exporter.collectors.database import DATABASE
from exporter.collectors.engagement import ENGAGEMENT
from exporter.collectors.event_bus import EVENT_BUS
from exporter.collectors.footprint import OWN
from exporter.collectors.ingestion import INGESTION
from exporter.collectors.models import MODELS
from exporter.collectors.modules import MODULES
from exporter.collectors.postgresql import POSTGRESQL
from exporter.collectors.recommendations import RECOMMENDATIONS
from exporter.collectors.self_reports import SELF_REPORTS
from exporter.collectors.sparse_embeddings import SPARSE_EMBEDDINGS
from exporter.collectors.workers import WORKERS

COLLECTORS: tuple[Collector, ...] = (
    MODULES,
    API,
    DATABASE,
    POSTGRESQL,
    EVENT_BUS,
    CACHE,
    WORKERS,
    MODELS,
    ENGAGEMENT,
    RECOMMENDATIONS,
    INGESTION,
    SPARSE_EMBEDDINGS,
    SELF_REPORTS,
    ANOMALIES,
    OWN,
    BROKER_REDIS,
)

__all__ = ["COLLECTORS"]
