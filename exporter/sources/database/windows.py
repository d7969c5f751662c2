"""The windows of time over which rows are counted."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, bindparam, case, func

from exporter.sources.document import unix_seconds

WINDOWS: Mapping[str, int] = {"1d": 1, "7d": 7, "30d": 30}  # days by label
LONGEST = "30d"


def beginning(window: str) -> ColumnElement[datetime]:
    """When the window that ends now began, in naive UTC as the backend stores its times."""
    moment = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=WINDOWS[window])
    return bindparam(None, moment, type_=DateTime())


def rows_since(at: ColumnElement[datetime]) -> list[ColumnElement[int]]:
    """How many rows fall into each window."""
    return [func.coalesce(func.sum(case((at >= beginning(w), 1), else_=0)), 0) for w in WINDOWS]


def moment(value: object) -> float | None:
    """A time from a column as Unix seconds; without a zone it is UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return unix_seconds(value)
