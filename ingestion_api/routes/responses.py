"""What the routes say in OpenAPI about their errors."""

from typing import Any

from pydantic import BaseModel, Field


class ErrorOut(BaseModel):
    """An error, in one sentence."""

    detail: str = Field(examples=["A bearer token is missing; send Authorization: Bearer <token>."])


DESCRIPTIONS = {
    400: "What was asked makes no sense.",
    401: "The token is missing or wrong.",
    404: "There is no such thing.",
    409: "It cannot be done in the present state.",
    413: "The body is too large.",
    422: "A value is wrong, missing or not known.",
    429: "The queue is full, or too many wrong tokens came from this address.",
    503: "The database, the broker or the cache does not answer.",
}

Responses = dict[int | str, dict[str, Any]]


def error_responses(*statuses: int) -> Responses:
    """The errors a route may answer, all of one shape."""
    return {status: {"model": ErrorOut, "description": DESCRIPTIONS[status]} for status in statuses}
