"""What is asked of the Celery broker, and the receiver of worker events."""

from exporter.settings import Celery as CelerySettings
from exporter.sources.asked import Asked


class Broker(Asked):
    """The questions put to the broker."""

    def __init__(self, settings: CelerySettings) -> None:
        self.settings = settings
