"""Requests one by one: their token, their bounds, their outcome, and what a failure says."""

import asyncio
import errno
import gzip
import os
import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from exporter import __version__
from exporter.errors import (
    InvalidResponse,
    ResponseTooLarge,
    SourceError,
    SourceMisconfigured,
)
from exporter.sources.http_client import BearerToken, HttpClient
from exporter.sources.http_response import RequestOutcome
from exporter.sources.http_transport import is_local_failure
from tests.exporter.raw_server import RawServer, raw, says, silent
from tests.exporter.sources.test_http_client import MOST, asking, error_of
from tests.servers.tls import TlsRedis


def test_the_token_is_that_of_the_file_and_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = BearerToken(SecretStr("of the settings"), file)
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        token.headers()
    for text in (" one \n", "another"):
        file.write_text(text)
        assert token.headers() == {"Authorization": f"Bearer {text.strip()}"}
    seen = file.stat()
    file.write_text("changed")
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert token.headers() == {"Authorization": "Bearer another"}  # as long and as old as before
    assert BearerToken(None, None).headers() == {}
    assert BearerToken(SecretStr("a"), None).headers() == {"Authorization": "Bearer a"}


def test_a_body_of_just_the_bound_is_read_and_a_longer_one_refused() -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        server.sends["/x"] = says(200, MOST * b"x")
        assert len((await client.get("/x")).body) == MOST
        server.sends["/x"] = says(200, (MOST + 1) * b"x")
        assert isinstance(await error_of(client.get("/x")), ResponseTooLarge)
        server.sends["/x"] = says(200, gzip.compress(MOST * b"x"), "content-encoding: gzip")
        assert len((await client.get("/x")).body) == MOST

    asking(check)


def test_a_request_says_who_asks_for_a_path_of_any_letters() -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        server.sends["/x?of=caf%C3%A9"] = says(200)
        await client.get("/x?of=café")
        lines = server.heads[0].lower().split("\r\n")
        assert f"user-agent: watchroom-exporter/{__version__}" in lines

    asking(check)


@pytest.mark.parametrize("end", ["", "/", "#top", "/#/", "/?x=1"])
def test_what_ends_the_address_of_a_server_takes_no_path_away(end: str) -> None:
    async def check(server: RawServer, _: HttpClient) -> None:
        server.sends["/api/metrics"] = says(200)
        client = HttpClient(f"{server.url}/api{end}", BearerToken(None, None), MOST)
        try:
            assert (await client.get("/metrics")).status == 200
        finally:
            await client.close()

    asking(check)


def test_a_token_that_cannot_be_sent_is_refused_and_not_shown() -> None:
    with pytest.raises(SourceError, match="is not ASCII") as refused:
        BearerToken(SecretStr("s\u00e9cret"), None).headers()
    assert "cret" not in repr(refused.value)


def test_each_request_has_an_outcome() -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        outcomes: list[RequestOutcome] = []
        client.on_outcome = outcomes.append
        server.sends |= {"/ok": says(204), "/hang": silent, "/cut": raw(b"")}
        await client.get("/ok")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.get("/hang")
        assert isinstance(await error_of(client.get("/cut")), InvalidResponse)
        assert server.asked["/cut"] == 3
        assert outcomes == [
            RequestOutcome("/ok", 204),
            RequestOutcome("/hang", timed_out=True),
            *[RequestOutcome("/cut")] * 3,
        ]

    asking(check)


def test_a_server_that_closes_each_connection_is_asked_over_new_ones() -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        closing: list[bool] = [True]

        async def closes_once(writer: asyncio.StreamWriter) -> None:
            closing[0] = not closing[0]
            if not closing[0]:
                raise ConnectionResetError
            await says(200)(writer)

        server.sends["/x"] = closes_once
        for _ in range(3):
            assert (await client.get("/x")).status == 200
        assert server.asked["/x"] == 6
        server.sends["/x"] = says(200)
        await client.get("/x")
        assert "connection: close" in server.heads[-1].lower()

    asking(check)


@pytest.mark.parametrize(
    ("error", "local"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), False),
        (socket.gaierror(socket.EAI_AGAIN, "x"), True),
        (OSError(errno.EMFILE, "x"), True),
        (OSError(errno.ENETUNREACH, "x"), True),
        (OSError(errno.ECONNREFUSED, "x"), False),
        (ValueError("x"), False),
        (None, False),
    ],
)
def test_a_failure_of_our_own_host_proves_nothing_about_the_server(
    error: BaseException | None, local: bool
) -> None:
    assert is_local_failure(error) is local
    wrapped = ConnectionError("x")
    wrapped.__cause__ = error
    assert is_local_failure(wrapped) is local


def test_a_server_that_expects_tls_is_told(tls_redis_server: TlsRedis) -> None:
    async def run() -> SourceError:
        client = HttpClient(f"http://127.0.0.1:{tls_redis_server.port}", BearerToken(None, None), MOST)
        try:
            return await error_of(client.get("/x"))
        finally:
            await client.close()

    error = asyncio.run(run())
    assert isinstance(error, SourceMisconfigured)
    assert "speaks TLS" in str(error)


def test_a_long_path_is_cut_in_an_error() -> None:
    async def check(server: RawServer, client: HttpClient) -> None:
        error = await error_of(client.get_json("/" + 300 * "x"))
        assert str(error) == f"backend /{199 * 'x'} returned 404; expected 200"
        error = await error_of(client.get_on_new_connection("/" + 300 * "x"))
        assert str(error) == f"backend /{199 * 'x'} returned 404; expected 200"

    asking(check)


def test_a_proxy_of_the_environment_is_for_the_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def check(server: RawServer, client: HttpClient) -> None:
        server.sends["/x"] = says(200)
        assert (await client.get("/x")).status == 200

    asking(check)
