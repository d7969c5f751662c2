"""What can be wrong with a request, each as one sentence for the caller and one HTTP status."""

from collections.abc import Mapping


class Problem(Exception):
    """A request that cannot be answered as asked; the text is for the caller and holds no secret."""

    status = 400

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})


class BadRequest(Problem):
    """What was asked makes no sense."""


class NotSignedIn(Problem):
    """No token, or a wrong one."""

    status = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail, {"WWW-Authenticate": "Bearer"})


class NotFound(Problem):
    """There is no such thing."""

    status = 404


class Conflict(Problem):
    """It cannot be done in the present state."""

    status = 409


class Unprocessable(Problem):
    """Well-formed, but not what was expected."""

    status = 422


class TooMany(Problem):
    """The queue is full, or there were too many failed attempts."""

    status = 429

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, {"Retry-After": str(retry_after)})


class SignInClosed(Problem):
    """The operators' token is missing or weak, so nobody is let in."""

    status = 503


class Unavailable(Problem):
    """Something the service needs does not answer."""

    status = 503


class TooSlow(Problem):
    """The request did not come in time."""

    status = 408


class TooLarge(Problem):
    """The body is longer than it may be."""

    status = 413


class WrongType(Problem):
    """The body is of a type that is not taken here."""

    status = 415
