"""What a watched system sent: the response, its body within bounds, and the errors of a bad one."""

import asyncio
import json
import zlib
from contextlib import suppress
from dataclasses import dataclass

import httpx2

from exporter.errors import (
    InvalidResponse,
    RequestFailed,
)
from exporter.sources.json_object import JsonObject

BACKEND = "backend"


DRAIN_SECONDS, DRAIN_BYTES = (
    0.1,
    65_536,
)  # seconds and bytes of a body that nobody wants, after which it is given up


@dataclass(frozen=True)
class HttpResponse:
    """What came back: status, body and how long it took in seconds."""

    status: int
    body: bytes
    seconds: float
    server: str  # tells apart the processes behind one URL, where the backend says which one answered


@dataclass(frozen=True)
class RequestOutcome:
    """One request of ours and what came of it; `status` is None without a response.

    `refused` means that the connection was, so the request reached nobody; `timed_out` that it took too long.
    """

    path: str
    status: int | None = None
    refused: bool = False
    timed_out: bool = False


async def drain(response: httpx2.Response) -> bytes:
    """Nothing; a short body is read to its end, so that the connection can be kept."""
    size = 0
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > DRAIN_BYTES:
                    break
    return b""


def decompress(body: bytes, encoding: str, most: int) -> bytes | None:
    """The body as it was before a proxy packed it, cut beyond `most` bytes; None if that cannot be undone."""
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


def require_ok(path: str, reply: HttpResponse, name: str = BACKEND) -> HttpResponse:
    """The reply if its status is 200. Raises Refused otherwise."""
    if reply.status != 200:
        raise RequestFailed(f"{name} {path} answered {reply.status}; expected 200", reply.status)
    return reply


def parse_json_object(path: str, body: bytes, name: str = BACKEND) -> JsonObject:
    """The JSON object in the body of an answer. Raises BadAnswer otherwise."""
    try:
        return JsonObject(json.loads(body), f"{name} {path}")
    except (ValueError, RecursionError):
        raise InvalidResponse(f"{name} {path} answered with something that is not JSON") from None
