"""HTTP towards a watched system: bounded in size, with errors that say no more than they should."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import httpx2

from exporter.errors import Absent, BadAnswer, Refused, TimedOut
from exporter.sources.backend.token import Token
from exporter.sources.document import Document

NONE: Mapping[str, str] = MappingProxyType({})
BACKEND = "backend"


@dataclass(frozen=True)
class Reply:
    """What came back: status, body and how long it took in seconds."""

    status: int
    body: bytes
    seconds: float
    server: str  # tells apart the processes behind one URL, where the backend says which one answered


class BackendClient:
    """Asks one system over a few kept connections; redirects are not followed."""

    def __init__(self, url: str, token: Token, max_bytes: int, name: str = BACKEND) -> None:
        self._token = token
        self._max_bytes = max_bytes
        self._name = name
        limits = httpx2.Limits(max_connections=8, max_keepalive_connections=4)
        self._http = httpx2.AsyncClient(base_url=url, limits=limits, timeout=None, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def reply(self, path: str, headers: Mapping[str, str] = NONE) -> Reply:
        """GET the path, whatever its status; the question bounds the time. Raises Refused, BadAnswer."""
        try:
            return await self._get(path, headers)
        except httpx2.TimeoutException:
            raise TimedOut(f"{self._name} {path} gave no answer in time") from None
        except httpx2.ConnectError as error:
            raise Absent(f"{self._name} {path} cannot be reached: {type(error).__name__}") from None
        except (httpx2.RemoteProtocolError, httpx2.DecodingError) as error:
            raise BadAnswer(f"{self._name} {path} broke off: {type(error).__name__}") from None
        except httpx2.HTTPError as error:
            raise Refused(f"{self._name} {path} cannot be reached: {type(error).__name__}") from None

    async def fresh(self, path: str) -> Reply:
        """A 200 answer over a connection of its own, so that any process behind the URL may give it.

        A kept connection always leads to the same process: the others would never be heard of.
        """
        return expected(path, await self.reply(path, {"Connection": "close"}), self._name)

    async def document(self, path: str) -> Document:
        """The JSON object of a 200 answer."""
        reply = expected(path, await self.reply(path), self._name)
        return as_document(path, reply.body, self._name)

    async def _get(self, path: str, headers: Mapping[str, str]) -> Reply:
        headers = {**headers, **self._token.headers()}
        async with self._http.stream("GET", path, headers=headers) as response:
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.aiter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > self._max_bytes:
                    raise BadAnswer(f"{self._name} {path} sent more than {self._max_bytes} bytes")
        seconds = response.elapsed.total_seconds()
        return Reply(response.status_code, b"".join(chunks), seconds, response.headers.get("x-process", ""))


def expected(path: str, reply: Reply, name: str = BACKEND) -> Reply:
    """The reply if its status is 200. Raises Refused otherwise."""
    if reply.status != 200:
        raise Refused(f"{name} {path} answered {reply.status}; expected 200", reply.status)
    return reply


def as_document(path: str, body: bytes, name: str = BACKEND) -> Document:
    """The JSON object in the body of an answer. Raises BadAnswer otherwise."""
    try:
        return Document(json.loads(body), f"{name} {path}")
    except (ValueError, RecursionError):
        raise BadAnswer(f"{name} {path} answered with something that is not JSON") from None
