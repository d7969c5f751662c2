"""The settings, databases and rules of a worker process."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ingestion_api.clock import Clock, utc_now
from ingestion_api.repository import CloneLimits, UrlRules, sweep_scratch
from ingestion_api.resources.table import ResourceDatabase
from ingestion_api.settings import Settings
from ingestion_api.settings_load import load_settings
from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate

LOCK_TIMEOUT = 10.0  # seconds: nobody waits for a worker, and a failed write costs it the job


@dataclass(frozen=True)
class WorkerContext:
    """What one worker process needs for its jobs."""

    settings: Settings
    store: Store
    rules: UrlRules
    limits: CloneLimits
    resources: ResourceDatabase
    scratch: Path
    clock: Clock = utc_now

    def close(self) -> None:
        """Close all connections."""
        self.resources.close()
        self.store.close()

    def prepare(self) -> None:
        """Migrate the tables, and remove what a killed process left in the scratch folder."""
        migrate(self.store.engine)
        sweep_scratch(self.scratch)


def worker_context() -> WorkerContext:
    """The context of this process; a forked child never uses its parent's connections."""
    return _context_of_process(os.getpid())


@lru_cache(maxsize=2)
def _context_of_process(_pid: int) -> WorkerContext:
    file = os.environ.get("SERVICE_CONFIG")
    return make_context(load_settings(Path(file) if file else None))


def make_context(settings: Settings) -> WorkerContext:
    """Make a context for these settings."""
    store = Store.at(settings.database, LOCK_TIMEOUT)
    return WorkerContext(
        settings=settings,
        store=store,
        rules=UrlRules.at(settings),
        limits=CloneLimits.at(settings),
        resources=ResourceDatabase(settings, store.engine),
        scratch=settings.state_dir / "scratch",
    )
