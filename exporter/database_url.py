"""The address of the backend's database: which are understood, and a sentence for those that are not."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

EXPECTED = "expected postgresql+psycopg://USER:PASSWORD@HOST/NAME or sqlite:///FILE"


def parse_database_url(url: str) -> URL:
    """The parts of an SQLAlchemy URL for PostgreSQL or a SQLite file, whatever driver it names.

    Raises ValueError, whose text follows the setting's name and does not hold the URL.
    """
    try:
        address = make_url(url.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        raise ValueError(f"is a hidden value that is no SQLAlchemy URL; {EXPECTED}") from None
    kind = address.get_backend_name()
    if kind not in ("postgresql", "sqlite"):
        raise ValueError(f"is a hidden value for another kind of database; {EXPECTED}")
    if kind == "sqlite" and not sqlite_file(address):
        raise ValueError("is a SQLite database in memory, which no other process can see; expected a file")
    return address


def sqlite_file(address: URL) -> str:
    """The file that a SQLite URL names, empty for a database in memory."""
    name = (address.database or "").removeprefix("file:").partition("?")[0]
    in_memory = name == ":memory:" or address.query.get("mode") == "memory"
    return "" if in_memory else name
