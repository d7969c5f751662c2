"""Asks every request but the public ones for a bearer token."""

import asyncio
import hmac
import time

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.api.cache import Cache
from demo.api.paths import is_public
from demo.api.tokens import TokenRefused, read_claims

REMEMBERED = 60.0
MOST = 1000
NOT_GIVEN = "Not authenticated"
NOT_GOOD = "Could not validate credentials"
SERVICE = {"user_id": "service", "username": "service"}


class Guard:
    """Middleware that lets a request pass with the service token or a good JWT."""

    def __init__(self, app: ASGIApp, token: str, secret: str, cache: Cache) -> None:
        self._app = app
        self._token = token
        self._secret = secret
        self._cache = cache
        self._known: dict[str, tuple[float, dict[str, str]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, or pass the request on with its claims under scope["claims"]."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = bearer(scope)
        claims = await self._claims(given) if given else None
        if claims is None and not is_public(scope["path"]):
            refusal = JSONResponse({"detail": NOT_GOOD if given else NOT_GIVEN}, 401)
            return await refusal(scope, receive, send)
        scope["claims"] = claims
        return await self._app(scope, receive, send)

    async def _claims(self, token: str) -> dict[str, str] | None:
        at, claims = self._known.get(token, (float("-inf"), {}))
        if time.monotonic() - at < REMEMBERED:
            return claims
        try:
            claims = self._verified(token)
        except TokenRefused:
            return None
        # Once a minute each token is looked up among the revoked ones: normally a cache miss.
        if await asyncio.to_thread(self._cache.get, f"revoked_token:{token}") is not None:
            return None
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[token] = (time.monotonic(), claims)
        return claims

    def _verified(self, token: str) -> dict[str, str]:
        if hmac.compare_digest(token.encode(), self._token.encode()):
            return SERVICE
        return read_claims(token, self._secret)


def bearer(scope: Scope) -> str:
    """The bearer token of a request, or nothing."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if kind.lower() == "bearer" else ""
    return ""
