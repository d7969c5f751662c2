"""An address that is nothing: people get a page, programs the JSON they had before."""

from contextlib import suppress

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from ingestion_api.errors import ServiceError
from ingestion_api.pages.headers import guard
from ingestion_api.pages.templates import page
from ingestion_api.pages.visitor import learn_seal

_FOR_PROGRAMS = ("/api/", "/admin/", "/metrics", "/-/")


def answer_people(app: FastAPI) -> None:
    """Put a page before the answer to "404" that the application already has."""
    for_programs = app.exception_handlers[HTTPException]

    async def answer(request: Request, error: Exception) -> Response:
        if _is_person(request) and isinstance(error, HTTPException) and error.status_code == 404:
            # without the database's key the page is that of a stranger
            with suppress(SQLAlchemyError, ServiceError):
                await learn_seal(request)
            return guard(page(request, "error.html", 404, sentence="There is nothing at this address."))
        answered: Response = await for_programs(request, error)  # type: ignore[misc]  # ours is a coroutine
        return answered

    app.exception_handler(HTTPException)(answer)


def _is_person(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(_FOR_PROGRAMS)
