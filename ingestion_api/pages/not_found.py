"""An address that is nothing: people get a page, programs the JSON they had before."""

from contextlib import suppress

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from ingestion_api.errors import ServiceError
from ingestion_api.pages.headers import add_page_headers
from ingestion_api.pages.templates import render_page
from ingestion_api.pages.visitor import load_cookie_signer

_API_PREFIXES = ("/api/", "/admin/", "/metrics", "/-/")


def install_html_404(app: FastAPI) -> None:
    """Put a page before the answer to "404" that the application already has."""
    for_programs = app.exception_handlers[HTTPException]

    async def answer(request: Request, error: Exception) -> Response:
        if _wants_html(request) and isinstance(error, HTTPException) and error.status_code == 404:
            # without the database's key the page is that of a stranger
            with suppress(SQLAlchemyError, ServiceError):
                await load_cookie_signer(request)
            return add_page_headers(
                render_page(request, "error.html", 404, sentence="There is nothing at this address.")
            )
        answered: Response = await for_programs(request, error)  # type: ignore[misc]  # ours is a coroutine
        return answered

    app.exception_handler(HTTPException)(answer)


def _wants_html(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_API_PREFIXES)
