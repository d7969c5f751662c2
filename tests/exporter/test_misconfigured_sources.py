"""What is wrong with the way to a server is said, and counts for nothing against the server."""

import gc
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.exporter.exporter_page import Page, watching
from tests.servers.fixtures import StartServer, started
from tests.servers.ports import free_port
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer
from tests.servers.tls import Certificate, SentinelServer, TlsRedis
from tests.servers.waiting import eventually

SOON: dict[str, Any] = {"fast_period": 0.05, "period": 0.2}


WEB_SERVER = """
import http.server, ssl, sys
address = ("127.0.0.1", int(sys.argv[1]))
server = http.server.ThreadingHTTPServer(address, http.server.SimpleHTTPRequestHandler)
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[2:])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""


def web_server(start_server: StartServer, *shows: Path) -> str:
    """A web server's host and port."""
    port = free_port()

    def accepts() -> bool:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True

    start_server(sys.executable, "-c", WEB_SERVER, str(port), *map(str, shows), ready=accepts)
    return f"127.0.0.1:{port}"


def told(caplog: pytest.LogCaptureFixture, words: str, part: str, up: str, **settings: Any) -> None:
    """These words are logged, and nothing is said of whether the server is up."""
    with watching(**settings) as exporter:
        eventually(lambda: exporter.page(part) and words in caplog.text, within=10.0)
        page: Page = exporter.page(part)
    assert page.value(up) is None
    assert page.value("ops_collector_success", collector=part) == 0


def test_the_way_to_redis(
    redis_server: RedisServer, tls_redis_server: TlsRedis, caplog: pytest.LogCaptureFixture
) -> None:
    for url, words in (
        (f"rediss://127.0.0.1:{redis_server.port}/0", "cache speaks no TLS, which its URL asks for"),
        (f"redis://127.0.0.1:{tls_redis_server.port}/0", "cache speaks TLS, which its URL does not ask for"),
        (
            f"rediss://127.0.0.1:{tls_redis_server.port}/0",
            "cache has a certificate that is not accepted: self-signed",
        ),
    ):
        told(caplog, words, "cache.ping", "redis_up", redis={"url": url, "timeout": 2.0})


def test_the_way_to_the_database(postgres_server: PostgresServer, caplog: pytest.LogCaptureFixture) -> None:
    url = postgres_server.fresh_database()
    for options, words in (
        ("sslmode=require", "database speaks no TLS, which sslmode in its URL asks for"),
        ("options=-c%20nonsense%3Dhunter2", "database refused the start-up parameter nonsense"),
        ("options=-c%20work_mem%3Dhunter2", "database refused the value of the start-up parameter work_mem"),
        ("sslmode=hunter2", "database cannot be used: its URL has an invalid sslmode"),
    ):
        given = {"url": f"{url}?{options}", **SOON}
        told(caplog, words, "database.ping", "ops_database_up", database=given)
    assert "hunter2" not in caplog.text


# the HTTP library leaves the socket of a handshake that is cancelled to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_way_to_the_backend(
    server_certificate: Certificate, start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    secured, plain = (
        web_server(start_server, server_certificate.file, server_certificate.key),
        web_server(start_server),
    )
    for url, words in (
        (f"https://{secured}", "backend has a certificate that is not accepted: self-signed certificate"),
        (f"http://{secured}", "backend speaks TLS, which its URL does not ask for"),
        (f"https://{plain}", "backend speaks no TLS, which its URL asks for"),
    ):
        with watching(backend={"url": url}) as exporter:
            eventually(lambda words=words: exporter.page("api") and words in caplog.text, within=10.0)  # type: ignore[misc]
            assert exporter.page("api.up").value("ops_backend_up") is None, url
    gc.collect()


def test_whoever_is_down_stays_down(own_redis_server: RedisServer) -> None:
    """What was reached once and is cut off is not taken for a server behind TLS."""
    with watching(redis={"url": own_redis_server.url, "timeout": 0.5, "fast_period": 0.05}) as exporter:
        eventually(lambda: exporter.page("cache.ping").value("redis_up") == 1)
        own_redis_server.kill()
        eventually(lambda: exporter.page("cache.ping").value("redis_up") == 0)


def test_the_queues_of_a_broker_are_read_in_each_dialect_of_celery(
    tmp_path: Path, redis_server: RedisServer, tls_redis_server: TlsRedis, server_certificate: Certificate
) -> None:
    redis_server.flush()
    with redis_server.client(3) as client:
        client.rpush("default", *["m"] * 7)
    port = redis_server.port
    with started(SentinelServer(tmp_path, "lamp", port)) as sentinel:
        sentinels = f"sentinel://127.0.0.1:{sentinel.port}/3;sentinel://127.0.0.1:1"
        for celery in (
            {"broker_url": f"redis://127.0.0.1:{port}/3;redis://127.0.0.1:1/3"},
            {"broker_url": f"redis://127.0.0.1:1/3;redis://127.0.0.1:{port}/3"},
            {"broker_url": f"redis://127.0.0.1:{port}?db=3"},
            {"broker_url": sentinels, "master_name": "lamp"},
        ):
            assert length_of_default(celery) == 7, celery
    empty = {
        "broker_url": f"rediss://127.0.0.1:{tls_redis_server.port}/3?ssl_ca_certs={server_certificate.file}"
    }
    assert length_of_default(empty) == 0


def length_of_default(celery: dict[str, Any]) -> float | None:
    """The length of the queue, once it is known; the events of the same broker are heard as well."""
    with watching(celery={**celery, "timeout": 2.0}) as exporter:

        def known() -> Page:
            page = exporter.page("workers.queues", "workers.up")
            assert page.value("celery_queue_length", queue_name="default") is not None
            assert page.value("ops_event_stream_connected") == 1
            return page

        return eventually(known, within=10.0).value("celery_queue_length", queue_name="default")


def test_sentinels_without_a_name_cost_only_what_they_guard(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    celery = {"broker_url": "sentinel://a:1;sentinel://b:2"}
    with watching(celery=celery, redis={"url": redis_server.url}) as exporter:
        page = exporter.page("cache.ping", "workers.up")
    assert (page.value("redis_up"), page.value("ops_broker_up")) == (1, None)
    assert "celery.broker_url names Sentinels and celery.master_name is not set" in caplog.text
