"""The texts that a filter chooses, found before their incidents: how these are read depends on how many.

A database that sees both questions at once guesses how many there are, and reads all incidents for a few, or
one after another for nearly all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, select
from sqlalchemy.orm import Session

from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.store.tables import AlertText
from ingestion_api.store.tables.expressions import listed_numbers

MAX_LISTED = 20_000  # ids that one statement hands to the next; more are asked for again


@dataclass(frozen=True)
class ChosenTexts:
    """Rows of alert_texts: how many, one more than MAX_LISTED where that is not known, and their ids as SQL.

    `others` are those that are not chosen, of ids up to `newest`; None where they were not counted.
    """

    number: int
    ids: Select[int]
    others: int | None
    newest: int

    def hold(self, column: Any) -> ColumnElement[bool]:
        """Whether they have the id of this column, whose index may be read for it."""
        found: ColumnElement[bool] = column.in_(self.ids)
        return found


def choose_texts(session: Session, wanted: AlertFilter) -> ChosenTexts | None:
    """Those that the filter chooses; None where it asks nothing of them."""
    conditions = wanted.shared_conditions()
    if not conditions:
        return None
    ids = select(AlertText.id).where(*conditions)
    if not wanted.asks_texts:
        # a severity or module has so many incidents that it takes longer to find its texts before
        return ChosenTexts(MAX_LISTED + 1, ids, None, 0)
    known = [select(each).scalar_subquery() for each in (func.count(AlertText.id), func.max(AlertText.id))]
    number, listed, (known_number, newest) = list_ids(session, ids, MAX_LISTED, known)
    if listed is None:
        return ChosenTexts(number, ids, None, newest)
    return ChosenTexts(number, listed_numbers(listed), known_number - number, newest or 0)


def list_ids(
    session: Session, ids: Select[int], most: int, more: Sequence[Any] = ()
) -> tuple[int, str | None, Sequence[Any]]:
    """How many ids a query finds, at most one more than `most`, and their list unless there are more.

    `more` is read with them, at the same moment."""
    some = ids.limit(most + 1).subquery()
    # as one text: a row for each takes longer, and it goes back to the database as it is
    listed = func.aggregate_strings(cast(some.c.id, String), ",")
    number, found, *also = session.execute(select(func.count(), listed, *more).select_from(some)).one()
    return number, (found or "") if number <= most else None, also
