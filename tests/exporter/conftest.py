"""What tests of the exporter may ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.exporter.backend_double import BackendDouble, backend_double
from tests.exporter.backend_tables import create, sqlite_url
from tests.servers.fixtures import started
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer


@pytest.fixture
def backend() -> Iterator[BackendDouble]:
    """A backend that answers as the test tells it to."""
    with backend_double() as double:
        yield double


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    """An empty server, which is emptied again."""
    redis_server.flush()
    with redis_server.client() as client:
        yield client
    redis_server.flush()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A broker for one file and its worker."""
    with started(RedisServer(tmp_path_factory.mktemp("broker"))) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of either kind with the backend's tables."""
    if request.param == "sqlite":
        return create(sqlite_url(tmp_path))
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return create(server.fresh_database())
