"""Every error leaves as {"detail": sentence}."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Match

from connections.faults import describe_fault, describe_url_fault
from ingestion_api.errors import ServiceError
from ingestion_api.store.engine import RESOURCES_DETAIL, describe_database_error
from ingestion_api.web.middleware import HEADERS

log = logging.getLogger(__name__)

MAX_SENTENCE = 500  # characters of a sentence
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
NOT_STORED = "A value cannot be stored; expected text without control characters."
ERROR_SENTENCES = {
    400: "The body cannot be read; expected JSON in UTF-8.",
    404: "There is nothing at this address.",
    405: "This address does not know that method.",
}


def install_error_handlers(app: FastAPI) -> None:
    """Turn every exception into an answer of one shape."""
    app.exception_handler(ServiceError)(_service_error)
    app.exception_handler(HTTPException)(_http_exception)
    app.exception_handler(RequestValidationError)(_validation_error)
    for away in (OperationalError, InterfaceError, InternalError, PoolTimeoutError):
        app.exception_handler(away)(_database_unavailable)
    app.exception_handler(DataError)(_data_error)
    app.exception_handler(RedisError)(_redis_unavailable)
    app.exception_handler(Exception)(_unexpected_error)


def error_response(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error in the one shape."""
    return JSONResponse({"detail": _shorten(sentence)}, status, dict(headers or {}))


def _shorten(sentence: str) -> str:
    # it may hold what the client sent, of any length and with halves of characters that no answer can hold
    text = sentence.encode(errors="backslashreplace").decode()
    return text if len(text) <= MAX_SENTENCE else f"{text[:MAX_SENTENCE]}..."


async def _service_error(_request: Request, error: ServiceError) -> JSONResponse:
    return error_response(error.status, error.detail, error.headers)


async def _http_exception(request: Request, error: HTTPException) -> JSONResponse:
    headers = dict(error.headers or {})
    if "Allow" in headers:
        # the router names only the methods of the first route that has this path
        headers["Allow"] = ", ".join(filter(partial(_allows_method, request), METHODS))
    return error_response(
        error.status_code, ERROR_SENTENCES.get(error.status_code, str(error.detail)), headers
    )


def _allows_method(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": "GET" if method == "HEAD" else method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


async def _validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    if first["type"] == "extra_forbidden" and first["loc"][0] == "query":
        names = ", ".join(await run_in_threadpool(_query_names, request))
        return error_response(422, f"{first['loc'][1]} is no parameter of this address; expected {names}.")
    return error_response(422, _validation_sentence(first))


def _query_names(request: Request) -> list[str]:
    """The parameters of the query that this address knows."""
    method = request.app.openapi()["paths"][request.scope["route"].path][request.method.lower()]
    return [it["name"] for it in method["parameters"] if it["in"] == "query"]


async def _database_unavailable(_request: Request, error: Exception) -> JSONResponse:
    sentence = database_error_sentence(error)
    log.warning("%s (%s)", sentence, type(error).__name__)
    return error_response(503, sentence, {"Retry-After": "5"})


def database_error_sentence(error: Exception) -> str:
    """What an error of a database means to who asked."""
    theirs = RESOURCES_DETAIL in getattr(error, "detail", ())
    whose = "The database of the resources" if theirs else "The service's database"
    if words := describe_url_fault(str(error)):
        return f"{whose} {words}."
    return f"{whose} {describe_database_error(error)}; try again shortly."


async def _data_error(_request: Request, _error: DataError) -> JSONResponse:
    return error_response(422, NOT_STORED)


async def _redis_unavailable(_request: Request, error: RedisError) -> JSONResponse:
    if words := describe_fault(error):
        log.warning("Redis %s", words)
        return error_response(503, f"Redis {words}.", {"Retry-After": "5"})
    log.warning("Redis does not answer: %s", type(error).__name__)
    return error_response(503, "Redis does not answer; try again shortly.", {"Retry-After": "5"})


async def _unexpected_error(_request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error", exc_info=error)
    # this answer is made outside of the middleware that adds them
    return error_response(500, "The service failed unexpectedly; its log says why.", HEADERS)


def _validation_sentence(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"][1:]) or error["loc"][0]
    said = str(error["msg"])
    if error["type"] == "extra_forbidden":
        return f"{where} is not a known field."
    if error["type"] == "missing":
        return f"{where} is missing."
    if error["type"] == "value_error":
        return f"{where} {error['ctx']['error']}."
    return f"{where} is wrong: {said[0].lower()}{said[1:]}."
