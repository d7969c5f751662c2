"""Authentication: passwords, JSON web tokens and the middleware that requires one."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.api.backend import is_public
from demo.api.cache import Cache

HASH_ROUNDS = 60_000
HOUR = 3600
CLAIMS_TTL = 60.0
MAX_CACHED_TOKENS = 1000
NOT_AUTHENTICATED = "Not authenticated"
INVALID_CREDENTIALS = "Could not validate credentials"
SERVICE_CLAIMS = {"user_id": "service", "username": "service"}


def hash_password(password: str) -> str:
    """A salted hash, rounds included, that fits VARCHAR(255)."""
    salt = secrets.token_hex(8)
    return f"pbkdf2${HASH_ROUNDS}${salt}${_digest(password, salt, HASH_ROUNDS)}"


def verify_password(password: str, stored: str) -> bool:
    """Whether a password matches its hash, compared in constant time."""
    _, rounds, salt, digest = stored.split("$")
    return hmac.compare_digest(_digest(password, salt, int(rounds)), digest)


def _digest(password: str, salt: str, rounds: int) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds).hex()


class TokenRefused(Exception):
    """The token is malformed, expired, of the wrong type or not signed with our key."""


def sign_token(claims: dict[str, Any], secret: str, seconds: int = HOUR) -> str:
    """Sign claims that expire after some seconds."""
    body = {"type": "access", **claims, "exp": int(time.time()) + seconds}
    unsigned = f"{_packed({'alg': 'HS256', 'typ': 'JWT'})}.{_packed(body)}"
    return f"{unsigned}.{_signature(unsigned, secret)}"


def read_claims(token: str, secret: str) -> dict[str, Any]:
    """The claims of an access token; raises TokenRefused unless it is good now."""
    unsigned, _, signature = token.rpartition(".")
    if not unsigned or not hmac.compare_digest(signature.encode(), _signature(unsigned, secret).encode()):
        raise TokenRefused("the signature does not fit")
    try:
        head, body = (json.loads(_unpacked(part)) for part in unsigned.split("."))
        good = head["alg"] == "HS256" and body["type"] == "access" and float(body["exp"]) > time.time()
    except (ValueError, KeyError, TypeError) as error:
        raise TokenRefused("the token is malformed") from error
    if not good:
        raise TokenRefused("the token is expired or not an access token")
    return dict(body)


def _packed(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _signature(unsigned: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), unsigned.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class AuthMiddleware:
    """Middleware that requires the service token or a valid JWT, except for public paths."""

    def __init__(self, app: ASGIApp, token: str, secret: str, cache: Cache) -> None:
        self._app = app
        self._token = token
        self._secret = secret
        self._cache = cache
        self._cached_claims: dict[str, tuple[float, dict[str, str]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, or pass the request on with its claims under scope["claims"]."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = bearer_token(scope)
        claims = await self._claims(given) if given else None
        if claims is None and not is_public(scope["path"]):
            refusal = JSONResponse({"detail": INVALID_CREDENTIALS if given else NOT_AUTHENTICATED}, 401)
            return await refusal(scope, receive, send)
        scope["claims"] = claims
        return await self._app(scope, receive, send)

    async def _claims(self, token: str) -> dict[str, str] | None:
        at, claims = self._cached_claims.get(token, (float("-inf"), {}))
        if time.monotonic() - at < CLAIMS_TTL:
            return claims
        try:
            claims = self._verify(token)
        except TokenRefused:
            return None
        # Once a minute each token is checked for revocation, normally a cache miss.
        if await asyncio.to_thread(self._cache.get, f"revoked_token:{token}") is not None:
            return None
        if len(self._cached_claims) >= MAX_CACHED_TOKENS:
            self._cached_claims.clear()
        self._cached_claims[token] = (time.monotonic(), claims)
        return claims

    def _verify(self, token: str) -> dict[str, str]:
        if hmac.compare_digest(token.encode(), self._token.encode()):
            return SERVICE_CLAIMS
        return read_claims(token, self._secret)


def bearer_token(scope: Scope) -> str:
    """The bearer token of a request, or nothing."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if kind.lower() == "bearer" else ""
    return ""
