"""Addresses of databases, checked when they are read."""

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

PSYCOPG = "postgresql+psycopg"
EXPECTED = "expected sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"


def normalize_database_url(url: str) -> str:
    """The address with the driver that is installed; ValueError when it is of no kind that is known."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise ValueError(f"is no database address; {EXPECTED}") from None
    if address.drivername in ("postgresql", "postgres", PSYCOPG):
        return address.set(drivername=PSYCOPG).render_as_string(hide_password=False)
    if address.drivername != "sqlite" or not address.database or address.database == ":memory:":
        raise ValueError(f"names {address.drivername}, or no file; {EXPECTED}")
    return url
