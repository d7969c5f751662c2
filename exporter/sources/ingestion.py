"""What is asked of the Redis server that holds the ingestion queue."""

from exporter.settings import Celery as CelerySettings
from exporter.settings import Ingestion as IngestionSettings
from exporter.sources.asked import Asked


class Ingestion(Asked):
    """The questions put to the ingestion queue; it lives on the broker unless a URL of its own is set."""

    def __init__(self, settings: IngestionSettings, broker: CelerySettings) -> None:
        self.settings = settings
        self.url = settings.url or broker.broker_url
