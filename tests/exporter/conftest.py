"""What tests of the exporter may ask for."""

from collections.abc import Iterator

import pytest
from redis import Redis

from tests.exporter.backend_double import BackendDouble, backend_double
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
