"""Short names for the column kinds of the contract."""

from sqlalchemy import CHAR, JSON, Boolean, Column, DateTime, Float, ForeignKey, Integer, String, Text


def key() -> Column[str]:
    """The UUID primary key that every table has."""
    return Column("id", CHAR(36), primary_key=True)


def points_to(name: str, table: str, required: bool = True, primary: bool = False) -> Column[str]:
    """A UUID that refers to the id of another table."""
    return Column(name, CHAR(36), ForeignKey(f"{table}.id"), nullable=not required, primary_key=primary)


def word(name: str, length: int | None = None, required: bool = False) -> Column[str]:
    """A short text, VARCHAR with or without a length."""
    return Column(name, String(length), nullable=not required)


def prose(name: str, required: bool = False) -> Column[str]:
    """A text of any length."""
    return Column(name, Text, nullable=not required)


def when(name: str, required: bool = False) -> Column[object]:
    """A naive time in UTC, as the contract stores them."""
    return Column(name, DateTime, nullable=not required)


def number(name: str, required: bool = False) -> Column[float]:
    """A fraction or measure."""
    return Column(name, Float, nullable=not required)


def count(name: str, required: bool = False) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=not required)


def truth(name: str) -> Column[bool]:
    """A required yes or no."""
    return Column(name, Boolean, nullable=False)


def document(name: str, required: bool = False) -> Column[object]:
    """A JSON value."""
    return Column(name, JSON, nullable=not required)
