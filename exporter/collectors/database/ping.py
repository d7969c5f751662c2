"""Whether the database answers us, over a connection of our own."""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.metrics import Gauge, Info
from exporter.sources import Sources

UP = Gauge("ops_database_up", "Whether the database answered our own smallest question.")
PG_UP = Gauge("pg_up", "Whether the PostgreSQL server answered our own SELECT 1.")
PING = Gauge("ops_database_ping_seconds", "Time that our own smallest question took.")
INFO = Info("ops_database_info", "The kind of database, as SQLAlchemy names it.", ("dialect",))
METRICS = (UP, PG_UP, PING, INFO)


async def read(sources: Sources) -> Iterable[Metric]:
    """1 or 0, from our own question and from nothing else."""
    database = sources.database
    works = await database.ping.works()
    return list(
        families(database.dialect or "", works, (await database.ping.answer()).seconds if works else None)
    )


def families(dialect: str, works: bool, seconds: float | None) -> Iterator[Metric]:
    """What is known of the database, whether it works or not."""
    yield INFO.facts(dialect)
    yield UP.one(float(works))
    yield PING.one(seconds)
    if dialect == "postgresql":
        yield PG_UP.one(float(works))
