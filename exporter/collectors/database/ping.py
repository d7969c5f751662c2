"""Whether the database answers us, over a connection of our own."""

import asyncio
from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from exporter.errors import OutOfTime
from exporter.metrics import Gauge, Info
from exporter.sources import Sources
from exporter.sources.database.ping import PingResult
from exporter.sources.database.source import DatabaseSource

UP = Gauge("ops_database_up", "Whether the database answered our own smallest question.")
PG_UP = Gauge("pg_up", "Whether the PostgreSQL server answered our own SELECT 1.")
PING = Gauge("ops_database_ping_seconds", "Time that our own smallest question took.")
INFO = Info("ops_database_info", "The kind of database, as SQLAlchemy names it.", ("dialect",))
PING_METRICS = (UP, PG_UP, PING, INFO)
STANDING_RESULT_WAIT = 0.1  # seconds that a scrape waits for a ping while the last answer still stands


async def read_ping(sources: Sources) -> Iterable[Metric]:
    """1 or 0, from our own question and from nothing else."""
    database = sources.database
    answer = await ping_result(database)
    return list(ping_families(database.dialect or "", answer is not None, answer.seconds if answer else None))


async def ping_result(database: DatabaseSource) -> PingResult | None:
    """The answer to our ping, None where there was none; while a silence is checked the last one stands."""
    standing = database.standing()
    try:
        async with asyncio.timeout(None if standing is None else STANDING_RESULT_WAIT):
            works = await database.ping.works()
    except (TimeoutError, OutOfTime):
        if standing is None and database.ping.error is None:
            raise
        return standing
    return await database.ping.answer() if works else None


def ping_families(dialect: str, works: bool, seconds: float | None) -> Iterator[Metric]:
    """What is known of the database, whether it works or not."""
    yield INFO.facts(dialect)
    yield UP.one(float(works))
    yield PING.one(seconds)
    if dialect == "postgresql":
        yield PG_UP.one(float(works))
