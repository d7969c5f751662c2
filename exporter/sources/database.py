"""What is asked of the backend's database, over a small connection of the exporter's own."""

from exporter.settings import Database as DatabaseSettings
from exporter.sources.asked import Asked


class Database(Asked):
    """The questions put to the database."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.settings = settings
