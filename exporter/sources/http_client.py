"""HTTP towards a watched system: bounded in size, with errors that carry no more than they should."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
from pydantic import SecretStr

from connections.faults import SPEAKS_TLS, describe_fault
from connections.redis_tls import supports_tls
from exporter import __version__
from exporter.errors import (
    InvalidResponse,
    LocalNetworkError,
    RequestFailed,
    ResponseTooLarge,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnreachable,
)
from exporter.footprint import ExchangeTimer
from exporter.sources.http_response import (
    BACKEND,
    HttpResponse,
    RequestOutcome,
    decompress,
    drain,
    parse_json_object,
    read_chunks,
    require_ok,
)
from exporter.sources.http_transport import CONNECTION_CLOSED, is_local_failure, make_transport
from exporter.sources.json_object import JsonObject


class BearerToken:
    """The token of the settings or of a file; the file takes precedence and is read again when it changes."""

    def __init__(self, text: SecretStr | None, file: Path | None) -> None:
        self._text = text.get_secret_value() if text else None
        self._file = file
        self._seen: tuple[int, int] | None = None

    def headers(self) -> dict[str, str]:
        """The Authorization header, none without a token. Raises SourceError when it cannot be sent."""
        if self._file is not None:
            self._refresh(self._file)
        if not (self._text or "").isascii():
            raise SourceError("backend token has a character that is not ASCII; expected it as it was issued")
        return {"Authorization": f"Bearer {self._text}"} if self._text else {}

    def _refresh(self, file: Path) -> None:
        try:
            state = file.stat()
            if self._seen != (state.st_mtime_ns, state.st_size):
                self._text = file.read_text().strip()
                self._seen = (state.st_mtime_ns, state.st_size)
        except OSError as error:
            raise SourceError(f"backend token file {file} cannot be read: {error.strerror}") from None


MAX_CLOSED_IN_A_ROW = 3  # pooled connections closed in a row after which none is used any more
PATH_LENGTH = 200  # characters of a path in an error: it may hold a whole query
# compression is not requested, since it costs the system time
HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "keep-alive",
    "User-Agent": f"watchroom-exporter/{__version__}",
}


class HttpClient:
    """A client of one system with pooled connections; redirects are not followed.

    A server may close an idle connection at any time: the request is then sent once more over a new one.
    Without `bodies` a response is complete once its headers are, however long, slow or broken its body is.
    """

    def __init__(  # noqa: PLR0913  (what follows the name has a default)
        self,
        url: str,
        token: BearerToken,
        max_bytes: int,
        name: str = BACKEND,
        *,
        bodies: bool = True,
        proxy: str | None = None,
    ) -> None:
        self._token = token
        self._max_bytes = max_bytes
        self._name = name
        self._bodies = bodies
        self._url = httpx2.URL(url).copy_with(query=None, fragment=None)
        self._base = str(self._url).rstrip("/")
        self._pooled = make_transport(self._url, 4, proxy)
        self._single = make_transport(self._url, 0, proxy)
        self._has_responded = False
        self._closed_in_a_row = 0  # pooled connections that the server closed
        self.on_outcome: Callable[[RequestOutcome], None] = lambda _: None

    async def close(self) -> None:
        """Close the connections."""
        await self._pooled.aclose()
        await self._single.aclose()

    async def get(self, path: str, new_connection: bool = False) -> HttpResponse:
        """GET the path. Returns whatever status; raises RequestFailed or InvalidResponse without a response.

        `new_connection` lets any process behind the URL respond: a pooled one always leads to the same.
        """
        shown = path[:PATH_LENGTH]
        try:
            return await self._get_recorded(
                path, self._token.headers(), new_connection or self._closed_in_a_row >= MAX_CLOSED_IN_A_ROW
            )
        except httpx2.TimeoutException:
            raise SourceTimeout(f"{self._name} {shown} did not respond in time") from None
        except httpx2.ConnectError as error:
            if words := describe_fault(error):
                raise SourceMisconfigured(f"{self._name} {words}") from None
            kind = LocalNetworkError if is_local_failure(error) else SourceUnreachable
            raise kind(f"{self._name} {shown} cannot be reached: {type(error).__name__}") from None
        except (*CONNECTION_CLOSED, httpx2.DecodingError) as error:
            if await self._server_speaks_tls():
                raise SourceMisconfigured(f"{self._name} {SPEAKS_TLS}") from None
            raise InvalidResponse(f"{self._name} {shown} broke off: {type(error).__name__}") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise RequestFailed(f"{self._name} {shown} cannot be reached: {type(error).__name__}") from None

    async def get_on_new_connection(self, path: str) -> HttpResponse:
        """A 200 response over a new connection. Raises RequestFailed otherwise."""
        return require_ok(path[:PATH_LENGTH], await self.get(path, new_connection=True), self._name)

    async def get_json(self, path: str) -> JsonObject:
        """The JSON object of a 200 response. Raises RequestFailed or InvalidResponse otherwise."""
        response = require_ok(path[:PATH_LENGTH], await self.get(path), self._name)
        return parse_json_object(path[:PATH_LENGTH], response.body, self._name)

    async def _get_recorded(self, path: str, headers: dict[str, str], new_connection: bool) -> HttpResponse:
        try:
            response = await self._send(path, headers, new_connection)
        except httpx2.ConnectError:
            self.on_outcome(RequestOutcome(path, refused=True))
            raise
        except asyncio.CancelledError:
            self.on_outcome(RequestOutcome(path, timed_out=True))
            raise
        except Exception:
            self.on_outcome(RequestOutcome(path))
            raise
        self._has_responded = True
        self.on_outcome(RequestOutcome(path, response.status))
        return response

    async def _server_speaks_tls(self) -> bool:
        """Whether a server that never responded to http:// expects https://."""
        if self._has_responded or self._url.scheme == "https":
            return False
        return await supports_tls(self._url.host, self._url.port or 80)

    async def _send(self, path: str, headers: dict[str, str], new_connection: bool) -> HttpResponse:
        if not new_connection:
            try:
                response = await self._send_once(self._pooled, path, headers)
            except CONNECTION_CLOSED:
                self._closed_in_a_row += 1
                self.on_outcome(RequestOutcome(path))
            else:
                self._closed_in_a_row = 0
                return response
        headers = {**headers, "Connection": "close"}
        try:
            return await self._send_once(self._single, path, headers)
        except CONNECTION_CLOSED:
            self.on_outcome(RequestOutcome(path))
            return await self._send_once(self._single, path, headers)

    async def _send_once(
        self, transport: httpx2.AsyncHTTPTransport, path: str, headers: dict[str, str]
    ) -> HttpResponse:
        began = time.perf_counter()
        with ExchangeTimer() as timer:
            response = await transport.handle_async_request(self._request(path, headers, timer))
            try:
                body = await self._read_body(path, response) if self._bodies else await drain(response)
                seconds = time.perf_counter() - began
            finally:
                await response.aclose()
        return HttpResponse(response.status_code, body, seconds, response.headers.get("x-process", ""))

    def _request(self, path: str, headers: dict[str, str], timer: ExchangeTimer) -> httpx2.Request:
        url = f"{self._base}/{path.lstrip('/')}"
        return httpx2.Request("GET", url, headers=HEADERS | headers, extensions={"trace": timer.trace})

    async def _read_body(self, path: str, response: httpx2.Response) -> bytes:
        received = bytearray()
        async for chunk in read_chunks(response):
            received += chunk
            if len(received) > self._max_bytes:
                break
        size = len(received)
        body = decompress(bytes(received), response.headers.get("content-encoding", ""), self._max_bytes)
        if body is None:
            raise InvalidResponse(
                f"{self._name} {path[:PATH_LENGTH]} returned an encoding that was not requested"
            )
        if max(size, len(body)) > self._max_bytes:
            raise ResponseTooLarge(
                f"{self._name} {path[:PATH_LENGTH]} sent more than {self._max_bytes} bytes"
            )
        return body
