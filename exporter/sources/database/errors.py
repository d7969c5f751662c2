"""Maps driver errors to ours, without the driver's text, which can hold SQL and secrets."""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from connections.faults import describe_url_fault
from exporter.errors import InvalidResponse, RequestFailed, SourceError, SourceMisconfigured, SourceTimeout

CLOSED_MESSAGE = "closed the connection unexpectedly"
# while connecting, PostgreSQL's library gives no code, only a message
CODES_BY_MESSAGE = {
    "authentication failed": "28P01",
    "no password supplied": "28P01",
    "does not exist": "3D000",
    "too many clients": "53300",
    "connection slots": "53300",
    "starting up": "57P03",
    "shutting down": "57P03",
    "terminating connection": "57P01",
}


class DatabaseLocked(SourceTimeout):
    """Another process holds the file's lock, so that no read can succeed."""


class HiddenFromRole(RequestFailed):
    """Rights hide this from our role, which says nothing about the server; the text names the grant."""


ERRORS_BY_CODE: dict[str, Callable[[], SourceError]] = {
    "57014": lambda: SourceTimeout("database cancelled the query, which took too long"),
    "55P03": lambda: SourceTimeout("database could not give a lock in time"),
    "28P01": lambda: SourceMisconfigured("database refused the user or the password"),
    "28000": lambda: SourceMisconfigured("database refused the user or the password"),
    "3D000": lambda: RequestFailed("database of this name does not exist on the server"),
    "42501": lambda: HiddenFromRole("database denies the right to read this"),
    "42P01": lambda: InvalidResponse("database has no such table"),
    "42703": lambda: InvalidResponse("database has no such column"),
    "53300": lambda: RequestFailed("database has no connection left"),
    "57P01": lambda: RequestFailed("database is shutting down"),
    "57P03": lambda: RequestFailed("database is starting up or shutting down"),
    "SQLITE_BUSY": lambda: DatabaseLocked("database is locked"),
    "SQLITE_LOCKED": lambda: DatabaseLocked("database is locked"),
    "SQLITE_CANTOPEN": lambda: RequestFailed("database file cannot be opened"),
    "SQLITE_NOTADB": lambda: InvalidResponse("database file is no SQLite database"),
    "SQLITE_CORRUPT": lambda: InvalidResponse("database file is corrupt"),
    "SQLITE_INTERRUPT": lambda: SourceTimeout(
        "database query was cut off, it would have locked the file too long"
    ),
    "SQLITE_READONLY": lambda: RequestFailed("database file cannot be read without writing beside it"),
}


def to_source_error(error: BaseException) -> SourceError:
    """The driver's error as a SourceError."""
    if isinstance(error, SourceError):
        return error
    cause = getattr(error, "orig", None) or error
    if error_code(cause) not in ERRORS_BY_CODE and (words := describe_url_fault(str(cause))):
        return SourceMisconfigured(f"database {words}")
    answer = ERRORS_BY_CODE.get(error_code(cause))
    if answer is not None:
        return answer()
    if type(cause).__name__ == "ConnectionTimeout":
        return SourceTimeout("database took too long to accept a connection")
    if isinstance(cause, OSError) or type(cause).__name__ == "OperationalError":
        return RequestFailed("database cannot be reached")
    return SourceError(f"database failed with {type(cause).__name__}")


def is_disconnect(error: DBAPIError) -> bool:
    """Whether the connection was lost, which is neither a refusal nor a timeout."""
    cause = error.orig or error
    return error.connection_invalidated or error_code(cause) == "57P01" or CLOSED_MESSAGE in str(cause)


def error_code(cause: BaseException) -> str:
    """PostgreSQL's SQLSTATE or SQLite's error name; empty if the driver gave neither."""
    state = getattr(cause, "sqlstate", None)
    if state:
        return str(state)
    name = getattr(cause, "sqlite_errorname", None)
    if name:
        return "_".join(str(name).split("_")[:2])
    text = str(cause)
    return next((code for words, code in CODES_BY_MESSAGE.items() if words in text), "")
