"""The servers that a benchmark of the service needs."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.servers.fixtures import postgres_folder, started
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer


@contextmanager
def databases() -> Iterator[tuple[Path, RedisServer, dict[str, Callable[[], str | None]]]]:
    """A folder, a Redis, and how to make a fresh database of each kind; None is SQLite in a file."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchroom-bench-")))
        redis = stack.enter_context(started(RedisServer(folder)))
        postgres = stack.enter_context(started(PostgresServer(stack.enter_context(postgres_folder()))))
        yield folder, redis, {"SQLite": lambda: None, "PostgreSQL": postgres.fresh_database}
