"""Whatever bytes come back: a ping needs no more than a head, a body costs no more than its bound."""

import asyncio
import gzip
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from exporter.errors import (
    InvalidResponse,
    LocalNetworkError,
    SourceError,
    SourceUnreachable,
)
from exporter.footprint import Footprint
from exporter.sources.http_client import BearerToken, HttpClient
from exporter.sources.http_response import decompress
from tests.exporter.event_loop import turns_beside
from tests.exporter.raw_server import RawServer, raw, raw_server, says, silent, without_end

MOST = 1_000_000
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n"


def asking(check: Callable[[RawServer, HttpClient], Coroutine[Any, Any, None]], bodies: bool = True) -> None:
    """Run the check with a server and a client of it."""

    async def run() -> None:
        async with raw_server() as server, asyncio.timeout(10):
            client = HttpClient(server.url, BearerToken(None, None), MOST, bodies=bodies)
            try:
                await check(server, client)
            finally:
                await client.close()

    asyncio.run(run())


BODIES = {
    "endless": without_end(CHUNKED, b"10000\r\n" + 65536 * b"x" + b"\r\n"),
    "byte by byte": without_end(PLAIN, b"x", 0.02),
    "chunked garbage": raw(CHUNKED + b"not a length\r\nx"),
    "cut off": raw(PLAIN + b"{"),
    "no gzip": says(200, b"garbage", "content-encoding: gzip"),
    "redirect": says(307, b"", "location: /elsewhere"),
    "no content": raw(b"HTTP/1.1 204 X\r\n\r\n"),
    "HTTP/1.0": raw(b"HTTP/1.0 200 OK\r\n\r\nhello"),
    "after 100 Continue": raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 200 OK\r\n\r\nhello"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_ping_is_answered_by_the_head_alone(kind: str) -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        server.sends["/docs"] = BODIES[kind]
        for _ in range(2):
            began = time.monotonic()
            assert (await client.get("/docs")).status < 400
            assert time.monotonic() - began < 0.8

    asking(check, bodies=False)


def test_pings_keep_their_connection_where_the_body_is_short() -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        for _ in range(3):
            await client.get("/docs")
        assert server.asked["/docs"] == 3

    asking(check, bodies=False)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_body_that_grows_when_it_is_unpacked_is_refused(layers: int) -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        body = 100_000_000 * b"0"
        for _ in range(layers):
            body = gzip.compress(body, 1)
        encoding = ", ".join(["gzip"] * layers)
        server.sends["/metrics"] = says(200, body, f"content-encoding: {encoding}")
        with pytest.raises(InvalidResponse):
            await client.get("/metrics")

    asking(check)


@pytest.mark.parametrize("bodies", [True, False])
def test_a_body_of_tiny_chunks_does_not_stop_the_event_loop(bodies: bool) -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        server.sends["/docs"] = raw(CHUNKED + 20_000 * b"2\r\nab\r\n" + b"0\r\n\r\n")
        server.sends["/first"] = says(200)
        await client.get("/first")  # which imports what a first connection needs
        response = asyncio.create_task(client.get("/docs"))
        spent = await turns_beside(response)
        assert (await response).body == (20_000 * b"ab" if bodies else b"")
        assert max(spent) < 0.05

    asking(check, bodies=bodies)


def test_no_packing_is_asked_for_and_what_a_proxy_packs_is_read() -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        server.sends["/metrics"] = says(200, gzip.compress(b"hello"), "content-encoding: gzip")
        assert (await client.get("/metrics")).body == b"hello"
        assert "accept-encoding: identity" in server.heads[0].lower()

    asking(check)


def test_no_cookie_leads_to_the_same_process_for_ever() -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        server.otherwise = says(200, b"{}", "set-cookie: route=one; Path=/")
        for _ in range(2):
            await client.get_on_new_connection("/metrics")
        assert "cookie:" not in server.heads[-1].lower()

    asking(check)


async def error_of(asked: Awaitable[Any]) -> SourceError:
    """The error that this raises."""
    try:
        await asked
    except SourceError as error:
        return error
    raise AssertionError("it raised nothing")


def test_a_resolver_that_does_not_answer_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check(_: RawServer, client: HttpClient) -> None:
        def fails(*_: Any, **__: Any) -> Any:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

        monkeypatch.setattr(socket, "getaddrinfo", fails)
        lost = HttpClient("http://backend.example:8000", BearerToken(None, None), MOST)
        assert isinstance(await error_of(lost.get("/docs")), LocalNetworkError)
        await lost.close()
        monkeypatch.undo()
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            refusing = HttpClient(
                f"http://127.0.0.1:{listening.getsockname()[1]}", BearerToken(None, None), MOST
            )
            error = await error_of(refusing.get("/docs"))
            await refusing.close()
        assert isinstance(error, SourceUnreachable)
        assert not isinstance(error, LocalNetworkError)

    asking(check)


def test_a_location_that_is_none_breaks_nothing() -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        server.sends["/docs"] = says(302, b"", "location: http://[::::/x y")
        assert (await client.get("/docs")).status == 302

    asking(check)


def test_a_request_counts_for_its_time_on_the_network_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    footprint = Footprint("backend", 0.02)
    unpack = decompress

    def slow_unpack(*given: Any) -> bytes | None:
        time.sleep(0.3)
        return unpack(*given)

    async def check(server: RawServer, client: HttpClient) -> None:
        monkeypatch.setattr("exporter.sources.http_client.decompress", slow_unpack)
        server.sends["/metrics"] = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        with footprint.poll("/metrics"):
            assert (await client.get("/metrics")).body == b"ok"
        assert sum(seconds for _, _, seconds in footprint.totals()) < 0.2

    asking(check)


def test_a_request_that_is_given_up_counts_until_then() -> None:
    footprint = Footprint("backend", 0.02)

    async def check(server: RawServer, client: HttpClient) -> None:
        server.sends["/metrics"] = silent
        with suppress(TimeoutError), footprint.poll("/metrics"):
            async with asyncio.timeout(0.3):
                await client.get("/metrics")
        assert sum(seconds for _, _, seconds in footprint.totals()) == pytest.approx(0.3, abs=0.15)

    asking(check)
