"""What to do about an error of a source, in one sentence."""

from exporter.errors import (
    InvalidResponse,
    RequestFailed,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnreachable,
)

ADD_CREDENTIALS = "Set BACKEND_TOKEN_FILE (or BACKEND_TOKEN) to a token that the backend accepts."
RENEW_CREDENTIALS = "Replace the token: it is expired, revoked or of another kind than the backend expects."
# the beginning of a sentence of ours, and what helps
ADVICE_BY_ERROR = (
    ("database refused the user", "Correct user and password in DATABASE_URL."),
    ("database of this name", "Correct the database's name in DATABASE_URL."),
    ("database denies", "Grant it as docs/operations.md shows; the rows above name what is missing."),
    ("database has no connection left", "Raise max_connections, or let fewer sessions stay open."),
    ("database is locked", "Another process holds the file; it is tried again later."),
    ("database file", "Correct the file in DATABASE_URL, and let this user read it."),
)


def advice(error: SourceError, setting: str) -> str:
    """What helps against this error of the source that `setting` names."""
    known = next((words for begins, words in ADVICE_BY_ERROR if str(error).startswith(begins)), "")
    if known or isinstance(error, SourceMisconfigured):
        return known or f"Correct {setting}; whether it responds is not known."
    if isinstance(error, RequestFailed) and error.status is not None:
        return status_advice(error.status)
    if isinstance(error, SourceTimeout):
        return "It accepts connections and is frozen, blocked or too slow; look at its own log and load."
    if isinstance(error, SourceUnreachable) or "cannot be reached" in str(error):
        return f"Start it, or correct {setting}; it must be reachable from this machine."
    if isinstance(error, InvalidResponse):
        return f"Check that {setting} names the right server; it responds with something else."
    return ""


def status_advice(status: int) -> str:
    """What helps against an HTTP status."""
    if status in (401, 403):
        return RENEW_CREDENTIALS
    if status >= 500:
        return "Read the backend's own log; the route fails there, whoever requests it."
    return "Check BACKEND_URL; the route responds with a status that is not expected."
