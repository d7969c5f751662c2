"""What to do about an error of a source, in one sentence."""

from exporter.errors import Absent, BadAnswer, Refused, SourceError, TimedOut, Unusable

TO_SET = "Set BACKEND_TOKEN_FILE (or BACKEND_TOKEN) to a token that the backend accepts."
TO_RENEW = "Replace the token: it is expired, revoked or of another kind than the backend expects."
# the beginning of a sentence of ours, and what helps
SENTENCES = (
    ("database refused the user", "Correct user and password in DATABASE_URL."),
    ("database of this name", "Correct the database's name in DATABASE_URL."),
    ("database denies", "Grant it as docs/operations.md shows; the rows above name what is missing."),
    ("database has no connection left", "Raise max_connections, or let fewer sessions stay open."),
    ("database is locked", "Another process holds the file; it is tried again later."),
    ("database file", "Correct the file in DATABASE_URL, and let this user read it."),
)


def advice(error: SourceError, setting: str) -> str:
    """What helps against this error of the source that `setting` names."""
    known = next((words for begins, words in SENTENCES if str(error).startswith(begins)), "")
    if known or isinstance(error, Unusable):
        return known or f"Correct {setting}; whether it responds is not known."
    if isinstance(error, Refused) and error.status is not None:
        return of_status(error.status)
    if isinstance(error, TimedOut):
        return "It accepts connections and is frozen, blocked or too slow; look at its own log and load."
    if isinstance(error, Absent) or "cannot be reached" in str(error):
        return f"Start it, or correct {setting}; it must be reachable from this machine."
    if isinstance(error, BadAnswer):
        return f"Check that {setting} names the right server; it responds with something else."
    return ""


def of_status(status: int) -> str:
    """What helps against an HTTP status."""
    if status in (401, 403):
        return TO_RENEW
    if status >= 500:
        return "Read the backend's own log; the route fails there, whoever requests it."
    return "Check BACKEND_URL; the route responds with a status that is not expected."
