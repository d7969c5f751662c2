"""A route for people: errors are HTML pages, and responses carry security headers."""

import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException

from ingestion_api.errors import Conflict, ServiceError
from ingestion_api.pages.session import (
    SignInRequired,
    cookie_signer,
    current_visitor,
    is_secure,
    load_cookie_signer,
    set_session_cookie,
)
from ingestion_api.pages.templates import render_page
from ingestion_api.web.errors import NOT_STORED, database_error_sentence

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
log = logging.getLogger(__name__)
_SENTENCES: tuple[tuple[type[Exception], int, str], ...] = (
    (RequestValidationError, 422, "Something in this form or address is missing or not what was expected."),
    (HTTPException, 400, "This form cannot be read; go back, reload the page and send it again."),
    (DataError, 422, NOT_STORED),
    (RedisError, 503, "Redis does not answer; try again shortly."),
)
RouteHandler = Callable[[Request], Coroutine[Any, Any, Response]]
_API_PREFIXES = ("/api/", "/admin/", "/metrics", "/-/")


def add_page_headers(response: Response) -> Response:
    """Add the headers to a page's response."""
    response.headers.update(HEADERS)
    return response


class PageRoute(APIRoute):
    """Wraps each page with what all pages share."""

    def get_route_handler(self) -> RouteHandler:
        """Return the page's function, errors and headers included."""
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                await load_cookie_signer(request)
                response = await answer(request)
            except Exception as error:  # noqa: BLE001 - people get a page for every failure
                response = _error_page(request, error)
            return add_page_headers(_renew_session(request, response))

        return guarded


def _renew_session(request: Request, response: Response) -> Response:
    visitor, seal = current_visitor(request), cookie_signer(request)
    # a form needs a session to belong to, also the form that signs in
    if seal and visitor.is_new and "set-cookie" not in response.headers:
        set_session_cookie(response, seal, visitor.session, secure=is_secure(request))
    return response


def _error_page(request: Request, error: Exception) -> Response:
    if isinstance(error, SignInRequired):
        return _redirect_to_sign_in(request)
    status, sentence = _status_and_sentence(error)
    if status == 500:
        log.error("a page failed unexpectedly", exc_info=error)
    page = error.page if isinstance(error, Conflict) else ""
    response = render_page(request, "error.html", status=status, sentence=sentence, page=page)
    if isinstance(error, ServiceError):
        response.headers.update(error.headers)
    return response


def _status_and_sentence(error: Exception) -> tuple[int, str]:
    if isinstance(error, ServiceError):
        return error.status, error.detail
    for kind, status, sentence in _SENTENCES:
        if isinstance(error, kind):
            return status, sentence
    if isinstance(error, SQLAlchemyError):
        return 503, database_error_sentence(error)
    return 500, "The service failed unexpectedly; its log says why."


def _redirect_to_sign_in(request: Request) -> Response:
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = f"/sign-in?next={quote(address if request.method == 'GET' else '/', safe='')}"
    if request.headers.get("hx-request"):
        # a live region is asking: the browser must leave the page, not put the sign-in form inside it
        return Response(status_code=200, headers={"HX-Redirect": target})
    return RedirectResponse(target, 303)


def install_html_404(app: FastAPI) -> None:
    """Put a page before the answer to "404" that the application already has."""
    for_programs = app.exception_handlers[HTTPException]

    async def answer(request: Request, error: Exception) -> Response:
        if _wants_html(request) and isinstance(error, HTTPException) and error.status_code == 404:
            # without the database's key the page is that of a stranger
            with suppress(SQLAlchemyError, ServiceError):
                await load_cookie_signer(request)
            return add_page_headers(
                render_page(request, "error.html", 404, sentence="There is nothing at this address.", page="")
            )
        answered: Response = await for_programs(request, error)  # type: ignore[misc]  # ours is a coroutine
        return answered

    app.exception_handler(HTTPException)(answer)


def _wants_html(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_API_PREFIXES)
