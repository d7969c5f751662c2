"""Cursors of the lists of incidents: the place of the last one that was shown, in an order of its own."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingestion_api.errors import BadRequest
from ingestion_api.store.tables.base import MAX_ID

SEPARATOR = "~"
MAX_GRAVITY = 11
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class NewestCursor:
    """The start and the id of the last incident."""

    start: datetime
    id: int


@dataclass(frozen=True)
class GravestCursor:
    """The same, and how grave it was."""

    gravity: int
    start: datetime
    id: int


@dataclass(frozen=True)
class LongestCursor:
    """When the list was read, and the last incident: the start of one that fires, else its seconds."""

    at: datetime
    start: datetime | None
    seconds: float
    id: int

    @property
    def length(self) -> float:
        """The seconds of the last incident when the list was read."""
        return self.seconds if self.start is None else (self.at - self.start).total_seconds()


Cursor = NewestCursor | GravestCursor | LongestCursor


def write_cursor(cursor: Cursor) -> str:
    """The cursor as text."""
    if isinstance(cursor, NewestCursor):
        return SEPARATOR.join(("newest", _ticks(cursor.start), str(cursor.id)))
    if isinstance(cursor, GravestCursor):
        return SEPARATOR.join(("gravest", str(cursor.gravity), _ticks(cursor.start), str(cursor.id)))
    place = repr(cursor.seconds) if cursor.start is None else f"s{_ticks(cursor.start)}"
    return SEPARATOR.join(("longest", _ticks(cursor.at), place, str(cursor.id)))


def read_newest(text: str) -> NewestCursor:
    """The cursor of a list with the order newest; BadRequest for another."""
    with _refused(text, "newest"):
        start, number = _parts(text, "newest")
        return NewestCursor(_moment(start), _id(number))


def read_gravest(text: str) -> GravestCursor:
    """The cursor of a list with the order gravest; BadRequest for another."""
    with _refused(text, "gravest"):
        gravity, start, number = _parts(text, "gravest")
        return GravestCursor(_small(gravity), _moment(start), _id(number))


def read_longest(text: str) -> LongestCursor:
    """The cursor of a list with the order longest; BadRequest for another."""
    with _refused(text, "longest"):
        at, place, number = _parts(text, "longest")
        if place.startswith("s"):
            return LongestCursor(_moment(at), _moment(place[1:]), 0.0, _id(number))
        seconds = float(place)
        if not math.isfinite(seconds):
            raise ValueError(place)
        return LongestCursor(_moment(at), None, seconds, _id(number))


def _parts(text: str, order: str) -> list[str]:
    kind, *parts = text.split(SEPARATOR)
    if kind != order:
        raise ValueError(kind)
    return parts


@contextmanager
def _refused(text: str, order: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, OverflowError):
        wrong = f"before is {text[:80]!r}; expected next_cursor of a list with the order {order}."
        raise BadRequest(wrong) from None


def _ticks(moment: datetime) -> str:
    return str((moment - _EPOCH) // _MICROSECOND)


def _moment(ticks: str) -> datetime:
    return _EPOCH + _MICROSECOND * int(ticks)


def _small(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MAX_GRAVITY:
        raise ValueError(text)
    return number


def _id(text: str) -> int:
    number = int(text)
    # a larger number would be an error in the database
    if not 0 < number <= MAX_ID:
        raise ValueError(text)
    return number
