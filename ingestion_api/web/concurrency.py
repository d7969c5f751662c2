"""One network's requests are answered a few at a time, so that many of them do not make all others wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from ingestion_api.networks import client_network

MAX_CONCURRENT = 16


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
        async with self._turn(client_network(client[0]) if client else "unknown"):
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
