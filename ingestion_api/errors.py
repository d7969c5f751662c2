"""The errors of the service, each with one sentence for the caller and one HTTP status."""

import logging
from collections.abc import Mapping


class ServiceError(Exception):
    """A request that fails; the text is for the caller and holds no secret."""

    status = 400

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})


class BadRequest(ServiceError):
    """The request makes no sense."""


class Unauthorized(ServiceError):
    """No token, or a wrong one."""

    status = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"WWW-Authenticate": "Bearer"})


class Forbidden(ServiceError):
    """The token is right, and its role does not suffice."""

    status = 403


class NotFound(ServiceError):
    """The thing does not exist."""

    status = 404


class Conflict(ServiceError):
    """The present state does not allow it; `page` is the address of the page that shows that state."""

    status = 409

    def __init__(self, detail: str, page: str = "") -> None:
        super().__init__(detail)
        self.page = page


class Unprocessable(ServiceError):
    """Well-formed, but not what was expected."""

    status = 422


class TooManyRequests(ServiceError):
    """The queue is full, or there were too many failed attempts."""

    status = 429

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, {"Retry-After": str(retry_after)})


class SignInUnavailable(ServiceError):
    """The operators' token is missing or weak, so nobody can sign in."""

    status = 503


class Unavailable(ServiceError):
    """Something the service needs does not answer."""

    status = 503


class RequestTimeout(ServiceError):
    """The request did not come in time."""

    status = 408


class ContentTooLarge(ServiceError):
    """The body is longer than it may be."""

    status = 413


class UnsupportedMediaType(ServiceError):
    """The body has a media type that is not accepted."""

    status = 415


def configure_logging(level: str) -> None:
    """Log to standard error at this level, one line a message; our own requests only at debug."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if level != "debug":
        for chatty in ("httpx2", "httpcore2"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
