"""What an error of a database says about it, where it is more than that it is away."""

from sqlalchemy.exc import DBAPIError

READ_ONLY = "cannot be written: it is read-only"
FULL = "cannot be written: its disk is full"
BUSY = "is busy"
UNREACHABLE = "does not answer"
_SQLITE = {5: BUSY, 6: BUSY, 8: READ_ONLY, 13: FULL}
_POSTGRES = {"25006": READ_ONLY, "53100": FULL, "55P03": BUSY}


def describe_database_error(error: BaseException) -> str:
    """What is wrong with the database, to follow its name in a sentence."""
    told = error.orig if isinstance(error, DBAPIError) else None
    sqlite = getattr(told, "sqlite_errorcode", None)
    if isinstance(sqlite, int):
        return _SQLITE.get(sqlite & 0xFF, UNREACHABLE)
    return _POSTGRES.get(str(getattr(told, "sqlstate", "")), UNREACHABLE)
