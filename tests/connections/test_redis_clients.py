"""What was read is what is opened: by redis-py in both its forms, and by Celery."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from kombu import Connection
from redis.asyncio.retry import Retry as Again
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from connections.faults import NO_TLS, SPEAKS_TLS, describe_fault
from connections.redis_clients import (
    blocking_client,
    celery_broker,
    connection_arguments,
    connection_class,
    explain_error,
    explain_error_blocking,
)
from connections.redis_url import parse_redis_url
from tests.servers.fixtures import started
from tests.servers.ports import free_port
from tests.servers.redis_server import RedisServer
from tests.servers.tls import Certificate, SentinelServer, TlsRedis, certificate

TIMES: dict[str, Any] = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer) -> Iterator[SentinelServer]:
    """A Sentinel that knows the shared Redis as `lamp`."""
    with started(SentinelServer(tmp_path_factory.mktemp("sentinel"), "lamp", redis_server.port)) as server:
        yield server


def said_now(url: str) -> str | None:
    """What is wrong in the eyes of a thread; None where nothing is."""
    found = parse_redis_url(url)
    with blocking_client(found, **TIMES) as client:
        try:
            client.ping()
        except RedisError as error:
            return describe_fault(explain_error_blocking(error, found)) or type(error).__name__
    return None


async def said_in_a_loop(url: str) -> str | None:
    """The same in an event loop."""
    found = parse_redis_url(url)
    pool = redis.asyncio.ConnectionPool(
        connection_class=connection_class(found),
        **connection_arguments(found),
        **TIMES,
        retry=Again(NoBackoff(), 0),
    )
    client = redis.asyncio.Redis.from_pool(pool)
    try:
        await client.ping()
    except RedisError as error:
        return describe_fault(await explain_error(error, found)) or type(error).__name__
    finally:
        await client.aclose()
    return None


def said_by_celery(url: str) -> str | None:
    """The same of what Celery opens."""
    broker = celery_broker(parse_redis_url(url))
    options = {**broker.transport_options, **TIMES}
    with Connection(broker.url, ssl=broker.use_ssl or False, transport_options=options) as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=3)
            channel: Any = connection.default_channel
            channel.client.ping()
        except Exception as error:  # noqa: BLE001  (kombu's transports raise what they like)
            return describe_fault(error) or type(error).__name__
    return None


def everywhere(url: str) -> set[str | None]:
    """What all three say."""
    return {said_now(url), asyncio.run(said_in_a_loop(url)), said_by_celery(url)}


def test_all_of_them_open_what_the_url_names(
    redis_server: RedisServer,
    tls_redis_server: TlsRedis,
    server_certificate: Certificate,
    sentinel: SentinelServer,
) -> None:
    port, nobody = redis_server.port, free_port()
    for url in (
        f"redis://127.0.0.1:{port}/3",
        f"redis://127.0.0.1:{nobody}/3;redis://127.0.0.1:{port}/3",
        f"rediss://127.0.0.1:{tls_redis_server.port}/3?ssl_ca_certs={server_certificate.file}",
        f"rediss://127.0.0.1:{tls_redis_server.port}/3?ssl_cert_reqs=CERT_NONE",
        f"sentinel://127.0.0.1:{nobody}/3;sentinel://127.0.0.1:{sentinel.port}/3?master_name=lamp",
    ):
        assert everywhere(url) == {None}, url


def test_all_of_them_are_in_the_same_database(redis_server: RedisServer, sentinel: SentinelServer) -> None:
    redis_server.flush()
    with redis_server.client(3) as truth:
        truth.set("lamp", "here")
    for url in (
        f"redis://127.0.0.1:{redis_server.port}?db=3",
        f"redis://127.0.0.1:{redis_server.port}/3;redis://127.0.0.1:1/3",
        f"sentinel://127.0.0.1:{sentinel.port}/3?master_name=lamp",
    ):
        broker = celery_broker(parse_redis_url(url))
        with blocking_client(parse_redis_url(url)) as ours:
            assert ours.dbsize() == 1
        with Connection(broker.url, transport_options=broker.transport_options) as theirs:
            channel: Any = theirs.default_channel
            assert channel.client.get("lamp") == b"here"


def test_a_socket_is_opened(tmp_path: Path, start_server: Any) -> None:
    path = tmp_path / "r.sock"
    start_server("redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", ready=path.exists)
    assert everywhere(f"redis+socket://{path}?virtual_host=3") == {None}
    assert said_now(f"unix://{path}?db=3") is None


def test_what_is_wrong_with_the_way_is_named(
    redis_server: RedisServer, tls_redis_server: TlsRedis, tmp_path: Path
) -> None:
    other = certificate(tmp_path, "127.0.0.2")
    plain, tls = f"127.0.0.1:{redis_server.port}/0", f"127.0.0.1:{tls_redis_server.port}/0"
    for url, words in (
        (f"rediss://{plain}", NO_TLS),
        (f"redis://{tls}", SPEAKS_TLS),
        (f"rediss://{tls}", "has a certificate that is not accepted: self-signed certificate"),
        (f"rediss://{tls}?ssl_ca_certs={other.file}", "has a certificate that is not accepted"),
        (f"redis://nobody:wrong@{plain}", "refused the password"),
    ):
        assert (said_now(url) or "").startswith(words), url
        assert (asyncio.run(said_in_a_loop(url)) or "").startswith(words), url


def test_who_is_away_is_no_fault_of_ours(own_redis_server: RedisServer) -> None:
    url = own_redis_server.url
    own_redis_server.freeze()
    assert (said_now(url), asyncio.run(said_in_a_loop(url))) == ("TimeoutError", "TimeoutError")
    own_redis_server.thaw()
    own_redis_server.kill()
    assert (said_now(url), asyncio.run(said_in_a_loop(url))) == ("ConnectionError", "ConnectionError")


def test_sentinels_that_know_nobody_say_so(sentinel: SentinelServer) -> None:
    found = parse_redis_url(f"sentinel://127.0.0.1:{sentinel.port}/0?master_name=other")
    with blocking_client(found, **TIMES) as client, pytest.raises(redis.ConnectionError, match="No master"):
        client.ping()


def test_a_failed_handshake_at_the_end_of_a_connection_is_no_fault_of_ours() -> None:
    assert describe_fault(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")) is None
