"""The response of a watched system: its status and body, limited in size."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import httpx2

from exporter.errors import (
    InvalidResponse,
    RequestFailed,
)
from exporter.sources.json_object import JsonObject

BACKEND = "backend"


DRAIN_SECONDS, DRAIN_BYTES = 0.1, 65_536  # limits for reading a body that is not needed


CHUNKS_AT_ONCE = 100  # pieces of a body that are taken before others have their turn


@dataclass(frozen=True)
class HttpResponse:
    """A response: status, body and duration in seconds."""

    status: int
    body: bytes
    seconds: float
    server: str  # the process that responded, if the backend names it


@dataclass(frozen=True)
class RequestOutcome:
    """The outcome of one request; `status` is None without a response.

    `refused` means that the connection was refused; `timed_out` that it took too long.
    """

    path: str
    status: int | None = None
    refused: bool = False
    timed_out: bool = False


async def read_chunks(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The body in pieces as they come; many tiny ones that came together do not stop the event loop."""
    count = 0
    async for chunk in response.aiter_raw():
        count += 1
        if count % CHUNKS_AT_ONCE == 0:
            await asyncio.sleep(0)
        yield chunk


async def drain(response: httpx2.Response) -> bytes:
    """Read a short body to its end, so that the connection can be reused; return nothing of it."""
    size = 0
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for chunk in read_chunks(response):
                size += len(chunk)
                if size > DRAIN_BYTES:
                    break
    return b""


def decompress(body: bytes, encoding: str, most: int) -> bytes | None:
    """The decompressed body, cut after `most` bytes; None if it cannot be decompressed."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        return None
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip and deflate alike
    try:
        return unpacking.decompress(body, most + 1)
    except zlib.error:
        return None


def require_ok(path: str, response: HttpResponse, name: str = BACKEND) -> HttpResponse:
    """The response if its status is 200. Raises RequestFailed otherwise."""
    if response.status != 200:
        raise RequestFailed(f"{name} {path} returned {response.status}; expected 200", response.status)
    return response


def parse_json_object(path: str, body: bytes, name: str = BACKEND) -> JsonObject:
    """The JSON object in a body. Raises InvalidResponse otherwise."""
    try:
        return JsonObject(json.loads(body), f"{name} {path}")
    except (ValueError, RecursionError):
        raise InvalidResponse(f"{name} {path} returned something that is not JSON") from None
