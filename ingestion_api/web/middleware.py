"""Small middleware: HEAD, security headers, forwarded addresses, a concurrency limit for each network."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion_api.networks import NetworkList, client_network, parse_address

# pages say more, and that holds
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}
MAX_HOPS = 20  # the last ones are looked at; whoever writes more only makes it long
MAX_CONCURRENT = 16
HEAD_KEY, TURN_KEY, ENDLESS_KEY = "watchroom.head", "watchroom.turn", "watchroom.endless"


def is_head(scope: Scope) -> bool:
    """Whether only the head of the response is sent."""
    return bool(scope.get(HEAD_KEY))


async def release_turn(scope: Scope) -> None:
    """Let another request of the same network begin: this one goes on for long and does little."""
    if TURN_KEY in scope:
        await scope[TURN_KEY]()


def run_until_shutdown(scope: Scope) -> None:
    """Mark a response without an end, for which nobody waits when the service stops."""
    # the server's own copy of the scope shares this
    scope.setdefault("state", {})[ENDLESS_KEY] = True


class HeadMiddleware:
    """Asks the application for GET and keeps the body back."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET", HEAD_KEY: True}, receive, without_body)


class SecurityHeadersMiddleware:
    """Adds the headers where an answer does not have them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, safe)


class ForwardedMiddleware:
    """Believes X-Forwarded-For and -Proto of trusted proxies, and of them only what can be an address."""

    def __init__(self, app: ASGIApp, proxies: NetworkList) -> None:
        self.app = app
        self.proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope.get("client") and scope["client"][0] in self.proxies:
            scope = {**scope, **self._said(scope)}
        await self.app(scope, receive, send)

    def _said(self, scope: Scope) -> Scope:
        said: Scope = {}
        if address := self._client(_header_values(scope, b"x-forwarded-for")):
            said["client"] = (address, 0)
        scheme = _header_values(scope, b"x-forwarded-proto").rpartition(",")[2].strip().lower()
        if scheme in ("http", "https"):
            said["scheme"] = scheme
        return said

    def _client(self, hops: str) -> str:
        """The last address that is no proxy of ours; the farthest proxy when all are; empty when unknown."""
        found = ""
        for hop in reversed(hops.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
            address = parse_address(_without_port(hop.strip()))
            if address is None:
                return found
            found = str(address)
            if found not in self.proxies:
                return found
        return found


def _header_values(scope: Scope, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for each, value in scope["headers"] if each == name)


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


class ConcurrencyLimiter:
    """Lets requests beyond the limit wait until one of the same network is answered, in their order."""

    def __init__(self, app: ASGIApp, at_once: int = MAX_CONCURRENT) -> None:
        self.app = app
        self.at_once = at_once
        self._lines: dict[str, tuple[asyncio.Semaphore, list[None]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        client = scope.get("client")
        async with AsyncExitStack() as turn:
            await turn.enter_async_context(self._turn(client_network(client[0]) if client else "unknown"))
            # not a copy: what counts requests by their route reads it from this scope
            scope[TURN_KEY] = turn.aclose
            await self.app(scope, receive, send)

    @asynccontextmanager
    async def _turn(self, network: str) -> AsyncIterator[None]:
        line, there = self._lines.setdefault(network, (asyncio.Semaphore(self.at_once), []))
        there.append(None)
        try:
            async with line:
                yield
        finally:
            there.pop()
            if not there:
                self._lines.pop(network, None)
