"""A route for people: its errors are pages, its answers carry the guarding headers."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException

from ingestion_api.errors import ServiceError
from ingestion_api.pages.headers import add_page_headers
from ingestion_api.pages.session import set_session_cookie
from ingestion_api.pages.templates import render_page
from ingestion_api.pages.visitor import (
    SignInRequired,
    cookie_signer,
    current_visitor,
    is_secure,
    load_cookie_signer,
)
from ingestion_api.web.errors import NOT_STORED, database_error_sentence

log = logging.getLogger(__name__)
_SENTENCES: tuple[tuple[type[Exception], int, str], ...] = (
    (RequestValidationError, 422, "Something in this form or address is missing or not what was expected."),
    (HTTPException, 400, "This form cannot be read; go back, reload the page and send it again."),
    (DataError, 422, NOT_STORED),
    (RedisError, 503, "Redis does not answer; try again shortly."),
)
RouteHandler = Callable[[Request], Coroutine[Any, Any, Response]]


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
    return render_page(request, "error.html", status=status, sentence=sentence)


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
