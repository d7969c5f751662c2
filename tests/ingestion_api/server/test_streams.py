"""Streams without an end on the real server: they take no turn, are few, and do not delay the stop."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.ingestion_api.pages.notice_streams import STREAM, fire, open_stream, signed_in_client
from tests.ingestion_api.processes import AUTHORIZED, TOKEN, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

MANY = 20  # more than the requests of one address that are answered at a time


@pytest.fixture
def service(tmp_path: Path, redis_server: RedisServer) -> Iterator[ServiceProcess]:
    """A service with room for so many streams of one address."""
    env = environment(tmp_path / "run", redis_server.database(6), notice_streams_per_address=MANY)
    process = ServiceProcess(tmp_path / "service.log", env)
    with started(process):
        yield process


def test_open_streams_leave_room_for_requests_and_end_with_the_service(service: ServiceProcess) -> None:
    with ExitStack() as stack:
        person = stack.enter_context(signed_in_client(service.url, TOKEN))
        assert person.head(STREAM).status_code == 200
        streams = [stack.enter_context(open_stream(person)) for _ in range(MANY)]
        for events in streams:
            next(events)
        refused = person.get(STREAM)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        assert httpx2.get(f"{service.url}/api/v1/alerts", headers=AUTHORIZED, timeout=5).status_code == 200
        fire(service.url, TOKEN, "WorkersGone")
        assert {next(events).data["name"] for events in streams} == {"WorkersGone"}
        streams.pop()
        began = time.monotonic()
        service.stop()
        assert time.monotonic() - began < 5


def test_a_closed_stream_makes_room(service: ServiceProcess) -> None:
    with signed_in_client(service.url, TOKEN) as person:
        for _ in range(2):
            with ExitStack() as stack:
                for _ in range(MANY):
                    stack.enter_context(open_stream(person))

            def is_free() -> bool:
                with person.stream("GET", STREAM) as response:
                    return response.status_code == 200

            eventually(is_free)
