"""What a driver's error says of the database, without the driver's text."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from exporter.errors import InvalidResponse, RequestFailed, SourceError, SourceMisconfigured, SourceTimeout
from exporter.sources.database.errors import (
    DatabaseLocked,
    HiddenFromRole,
    error_code,
    is_disconnect,
    to_source_error,
)


def of_sqlite(name: str) -> sqlite3.OperationalError:
    """SQLite's error of this name."""
    error = sqlite3.OperationalError("secret")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (psycopg.errors.QueryCanceled("secret"), SourceTimeout, "cancelled the query"),
        (psycopg.errors.LockNotAvailable("secret"), SourceTimeout, "could not give a lock"),
        (psycopg.errors.InsufficientPrivilege("secret"), HiddenFromRole, "denies the right"),
        (psycopg.errors.UndefinedTable("secret"), InvalidResponse, "no such table"),
        (psycopg.errors.UndefinedColumn("secret"), InvalidResponse, "no such column"),
        (psycopg.errors.DivisionByZero("secret"), SourceError, "failed with DivisionByZero"),
        (psycopg.errors.ConnectionTimeout("secret"), SourceTimeout, "took too long to accept"),
        (psycopg.OperationalError("too many clients"), RequestFailed, "no connection left"),
        (psycopg.OperationalError("FATAL: is starting up"), RequestFailed, "starting up or shutting"),
        (psycopg.OperationalError("no password supplied"), SourceMisconfigured, "refused the user"),
        (psycopg.OperationalError('database "secret" does not exist'), RequestFailed, "of this name"),
        (psycopg.OperationalError("secret"), RequestFailed, "cannot be reached"),
        (ConnectionResetError("secret"), RequestFailed, "cannot be reached"),
        (of_sqlite("SQLITE_BUSY_SNAPSHOT"), DatabaseLocked, "is locked"),
        (of_sqlite("SQLITE_INTERRUPT"), SourceTimeout, "was cut off"),
        (of_sqlite("SQLITE_READONLY_DIRECTORY"), RequestFailed, "without writing beside it"),
        (of_sqlite("SQLITE_NOTADB"), InvalidResponse, "no SQLite database"),
        (KeyError("secret"), SourceError, "failed with KeyError"),
    ],
)
def test_an_error_is_one_sentence_of_ours(error: Exception, kind: type[SourceError], words: str) -> None:
    for raised in (error, DBAPIError("SELECT secret", {}, error)):
        ours = to_source_error(raised)
        assert type(ours) is kind
        assert words in str(ours)
        assert "secret" not in str(ours)


def test_an_error_of_ours_stays_as_it_is() -> None:
    ours = RequestFailed("database hides pg_stat_statements")
    assert to_source_error(ours) is ours


@pytest.mark.parametrize(
    ("error", "invalidated", "lost"),
    [
        (psycopg.errors.AdminShutdown("x"), False, True),
        (psycopg.OperationalError("server closed the connection unexpectedly"), False, True),
        (psycopg.errors.QueryCanceled("x"), False, False),
        (psycopg.OperationalError("connection refused"), False, False),
        (psycopg.OperationalError("consuming input failed"), True, True),
    ],
)
def test_a_lost_connection_is_no_refusal(error: Exception, invalidated: bool, lost: bool) -> None:
    assert is_disconnect(DBAPIError("SELECT 1", {}, error, connection_invalidated=invalidated)) is lost


def test_an_error_without_a_code_has_none() -> None:
    assert error_code(ValueError("words")) == ""
    assert error_code(of_sqlite("SQLITE_CORRUPT_VTAB")) == "SQLITE_CORRUPT"
    assert error_code(psycopg.errors.UndefinedTable("x")) == "42P01"
