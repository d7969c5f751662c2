"""A request's body is read before the application is asked: from who may send one, in time, within the limit.

Who shows no token is refused before the first byte of it is read; a form is taken from anybody, as signing
in is one, but not more of it than that needs.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from fastapi import Request
from fastapi.security.utils import get_authorization_scheme_param
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion_api.access.bearer import bearer_auth, client_address
from ingestion_api.errors import (
    BadRequest,
    ContentTooLarge,
    RequestTimeout,
    ServiceError,
    UnsupportedMediaType,
)
from ingestion_api.pages.session import current_visitor, load_cookie_signer
from ingestion_api.web.errors import error_response

WITHOUT_BODY = frozenset(("GET", "HEAD", "OPTIONS"))
API_PREFIXES = ("/api/", "/admin/")
WEBHOOK_PATH = "/api/v1/alerts/webhook"
MAX_ANONYMOUS_FORM = 16_384  # bytes; the longest form that signs in has less
LINGER_SECONDS = (
    2.0  # seconds for which the rest of a refused body is thrown away, so that the client reads why
)


@dataclass(frozen=True)
class BodyLimits:
    """The maximum size of a body in bytes, and that of a call of Alertmanager's webhook."""

    usual: int
    webhook: int


class BodyLimitMiddleware:
    """Answers 401, 408, 413 or 415 itself; the application gets bodies that are whole."""

    def __init__(self, app: ASGIApp, limits: BodyLimits, seconds: float) -> None:
        self.app = app
        self.limits = limits
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in WITHOUT_BODY or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        try:
            if _content_length(scope) and _is_chunked(scope):
                raise BadRequest("Content-Length and Transfer-Encoding are both given; expected one of them.")
            body = await self._read(Request(scope), receive)
        except ServiceError as problem:
            await self._refuse(problem, scope, receive, send)
            return
        # None: the client has left, so nobody waits for an answer
        if body is not None:
            await self.app(scope, _replay_body(body, receive), send)

    async def _read(self, request: Request, receive: Receive) -> bytes | None:
        limit = await self._limit(request)
        if _content_length(request.scope) > limit:
            raise _content_too_large(limit)
        try:
            async with asyncio.timeout(self.seconds):
                return await _read_body(receive, limit)
        except TimeoutError:
            raise RequestTimeout(f"The body did not come within {self.seconds:g} s.") from None

    async def _limit(self, request: Request) -> int:
        """How much is read; a Problem when nothing is."""
        if request.url.path.startswith(API_PREFIXES):
            _, token = get_authorization_scheme_param(request.headers.get("authorization"))
            # each token opens something; the route knows which role it wants
            bearer_auth(request).identify(token, client_address(request))
            return self.limits.webhook if request.url.path == WEBHOOK_PATH else self.limits.usual
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            raise UnsupportedMediaType(
                "Content-Type is multipart/...; expected application/x-www-form-urlencoded."
            )
        if 0 < _content_length(request.scope) <= MAX_ANONYMOUS_FORM or await _is_signed_in(request):
            return self.limits.usual
        return min(self.limits.usual, MAX_ANONYMOUS_FORM)

    async def _refuse(self, problem: ServiceError, scope: Scope, receive: Receive, send: Send) -> None:
        async def begin(message: Message) -> None:
            await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

        answer = error_response(problem.status, problem.detail, {**problem.headers, "Connection": "close"})
        await answer(scope, receive, begin)
        if not any(name == b"expect" for name, _ in scope["headers"]):
            with suppress(TimeoutError, ContentTooLarge):
                async with asyncio.timeout(LINGER_SECONDS):
                    await _discard_body(receive, self.limits.usual)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _is_signed_in(request: Request) -> bool:
    try:
        await load_cookie_signer(request)
    except SQLAlchemyError:
        # the page says so
        return False
    return current_visitor(request).session.signed_in


async def _read_body(receive: Receive, limit: int) -> bytes | None:
    parts: list[bytes] = []
    left = limit
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        left -= len(parts[-1])
        if left < 0:
            raise _content_too_large(limit)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _discard_body(receive: Receive, most: int) -> None:
    while most > 0 and (message := await receive()).get("more_body", False):
        most -= len(message.get("body", b""))


def _replay_body(body: bytes, receive: Receive) -> Receive:
    given = False

    async def read() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return read


def _content_too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body is too large; expected at most {limit} bytes.")


def _has_body(scope: Scope) -> bool:
    return _content_length(scope) > 0 or _is_chunked(scope)


def _is_chunked(scope: Scope) -> bool:
    return any(name == b"transfer-encoding" for name, _ in scope["headers"])


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        # more digits than any length has are left to the reading
        if name == b"content-length" and value.isdigit() and len(value) <= 20:
            return int(value)
    return 0
