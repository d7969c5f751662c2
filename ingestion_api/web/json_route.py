"""A route for programs: the thread that computes a response also encodes it."""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

JSON = "application/json"


class JsonRoute(APIRoute):
    """Encodes the model that an endpoint returns.

    FastAPI would hand the model to a second thread to validate it, and encode it in the event loop, where a
    long list holds up all other requests. The model was validated when it was made.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if not iscoroutinefunction(endpoint):
            endpoint = _encoded(endpoint, options.get("status_code") or 200)
        super().__init__(path, endpoint, **options)


def _encoded(endpoint: Callable[..., Any], status: int) -> Callable[..., Any]:
    @wraps(endpoint)
    def respond(*args: Any, **values: Any) -> Any:
        result = endpoint(*args, **values)
        if not isinstance(result, BaseModel):
            return result
        return Response(result.model_dump_json(by_alias=True), status, media_type=JSON)

    return respond
