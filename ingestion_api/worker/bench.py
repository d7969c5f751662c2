"""What a worker process works with."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ingestion_api.clock import Clock, utc_now
from ingestion_api.repository import CloneLimits, UrlRules, sweep
from ingestion_api.resources.table import Resources
from ingestion_api.service import clone_limits, url_rules
from ingestion_api.settings import Settings
from ingestion_api.settings_file import load
from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate


@dataclass(frozen=True)
class Bench:
    """The settings, the databases and the rules, for one process."""

    settings: Settings
    store: Store
    rules: UrlRules
    limits: CloneLimits
    resources: Resources
    scratch: Path
    clock: Clock = utc_now

    def close(self) -> None:
        """Let go of all connections."""
        self.resources.close()
        self.store.close()

    def prepare(self) -> None:
        """Bring the tables up to date, remove what a killed process left in the scratch folder."""
        migrate(self.store.engine)
        sweep(self.scratch)


def open_bench() -> Bench:
    """The bench of this process; a child never uses the connections of the process that forked it."""
    return _of_process(os.getpid())


@lru_cache(maxsize=2)
def _of_process(_pid: int) -> Bench:
    file = os.environ.get("SERVICE_CONFIG")
    return bench_for(load(Path(file) if file else None))


def bench_for(settings: Settings) -> Bench:
    """A bench for these settings."""
    store = Store.at(settings.database)
    return Bench(
        settings=settings,
        store=store,
        rules=url_rules(settings),
        limits=clone_limits(settings),
        resources=Resources(settings, store.engine),
        scratch=settings.state_dir / "scratch",
    )
