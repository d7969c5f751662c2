"""Read incidents: the filter comes before the order, and the order before the cut.

A list first finds which incidents it holds, in an index that has all that the filter needs. Only these are
read. Where the filter asks something of labels or words, those that match are found before: where they have
few incidents, these are put in order, else all incidents are read in order until the list is full.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, false, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from ingestion_api.alerts.chosen_texts import ChosenTexts, choose_texts, list_ids
from ingestion_api.alerts.cursors import (
    Cursor,
    GravestCursor,
    LongestCursor,
    NewestCursor,
    read_gravest,
    read_longest,
    read_newest,
    write_cursor,
)
from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.expressions import checked, listed_numbers

Order = Literal["newest", "gravest", "longest"]
PAGE_SIZE = 50
MAX_SORTED = 500  # incidents that a list puts in order; of more, enough are found by reading in order
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
Conditions = Sequence[ColumnElement[bool]]
FIRES, ENDED = Alert.status == "firing", Alert.status == "resolved"


@dataclass(frozen=True)
class AlertPage:
    """Incidents in their order, and the cursor of the next page; None at the end."""

    alerts: Sequence[Alert]
    next_cursor: str | None


@dataclass(frozen=True)
class PageRequest:
    """Which page: the order, how many, and next_cursor of the page before. `now` is for what still grows."""

    order: Order
    now: datetime
    limit: int = PAGE_SIZE
    before: str = ""


def list_alerts(session: Session, wanted: AlertFilter, page: PageRequest) -> AlertPage:
    """One page of the incidents; BadRequest for a cursor of another order."""
    return list_chosen(session, wanted, page, choose_texts(session, wanted))


def list_chosen(
    session: Session, wanted: AlertFilter, page: PageRequest, texts: ChosenTexts | None
) -> AlertPage:
    """The same with the texts that the filter chooses, where these are known."""
    conditions = _conditions(session, wanted, texts)
    if page.order == "newest":
        conditions = [*conditions, *_begins_at(wanted)]
    found = _READ[page.order](session, conditions, page)
    more = write_cursor(found[page.limit - 1]) if len(found) > page.limit else None
    return AlertPage(_rows(session, [each.id for each in found[: page.limit]]), more)


def _rows(session: Session, ids: Sequence[int]) -> list[Alert]:
    found = {alert.id: alert for alert in session.scalars(select(Alert).where(Alert.id.in_(ids)))}
    return [found[alert_id] for alert_id in ids if alert_id in found]


def _conditions(session: Session, wanted: AlertFilter, texts: ChosenTexts | None) -> Conditions:
    """Those on incidents, as they are answered soonest in any order of a list."""
    own = wanted.own_conditions()
    if texts is None:
        return own
    if not texts.number:
        return [false()]
    if texts.others == 0:
        return [*own, checked(Alert.text_id <= texts.newest)]
    if texts.number <= MAX_SORTED:
        few = select(Alert.id).where(texts.hold(Alert.text_id), *own)
        number, listed, _ = list_ids(session, few, MAX_SORTED)
        if listed is not None:
            return [Alert.id.in_(listed_numbers(listed)) if number else false()]
    return [*own, checked(texts.hold(Alert.text_id))]


def _begins_at(wanted: AlertFilter) -> Conditions:
    """Where the newest are in order, these are read from the latest start on."""
    return [] if wanted.until is None else [Alert.starts_at <= wanted.until]


def _newest_page(session: Session, conditions: Conditions, page: PageRequest) -> Sequence[NewestCursor]:
    last = read_newest(page.before) if page.before else None
    return _newest(session, conditions, page.limit, last)


def _newest(
    session: Session, conditions: Conditions, limit: int, cursor: NewestCursor | None
) -> list[NewestCursor]:
    query = select(Alert.starts_at, Alert.id).where(*conditions)
    if cursor is not None:
        query = query.where(tuple_(Alert.starts_at, Alert.id) < tuple_(literal(cursor.start), cursor.id))
    query = query.order_by(Alert.starts_at.desc(), Alert.id.desc())
    return [NewestCursor(*row) for row in session.execute(query.limit(limit + 1))]


def _gravest_page(session: Session, conditions: Conditions, page: PageRequest) -> Sequence[GravestCursor]:
    cursor = read_gravest(page.before) if page.before else None
    query = select(Alert.gravity, Alert.starts_at, Alert.id).where(*conditions)
    if cursor is not None:
        last = tuple_(literal(cursor.gravity), literal(cursor.start), cursor.id)
        query = query.where(tuple_(Alert.gravity, Alert.starts_at, Alert.id) < last)
    query = query.order_by(Alert.gravity.desc(), Alert.starts_at.desc(), Alert.id.desc())
    return [GravestCursor(*row) for row in session.execute(query.limit(page.limit + 1))]


def _longest_page(session: Session, conditions: Conditions, page: PageRequest) -> Sequence[LongestCursor]:
    cursor = read_longest(page.before) if page.before else LongestCursor(page.now, None, float("inf"), 1)
    # what fires grows, so it is in the order of its start; what has ended is in that of its seconds
    firing = select(Alert.starts_at, Alert.id).where(FIRES, _is_after_firing(cursor), *conditions)
    firing = firing.order_by(Alert.starts_at, Alert.id.desc()).limit(page.limit + 1)
    ended = select(Alert.seconds, Alert.id).where(ENDED, *_is_after_ended(cursor), *conditions)
    ended = ended.order_by(Alert.seconds.desc(), Alert.id.desc()).limit(page.limit + 1)
    found = [LongestCursor(cursor.at, start, 0.0, number) for start, number in session.execute(firing)]
    found += [LongestCursor(cursor.at, None, seconds, number) for seconds, number in session.execute(ended)]
    return sorted(found, key=lambda it: (-it.length, -it.id))[: page.limit + 1]


def _is_after_firing(cursor: LongestCursor) -> ColumnElement[bool]:
    if cursor.start is None:
        return Alert.starts_at > _start(cursor.at, cursor.seconds)
    return or_(Alert.starts_at > cursor.start, and_(Alert.starts_at == cursor.start, Alert.id < cursor.id))


def _start(at: datetime, seconds: float) -> datetime:
    """The start of what fires for so long."""
    try:
        return at - timedelta(seconds=seconds)
    except OverflowError:
        return EARLIEST if seconds > 0 else LATEST


def _is_after_ended(cursor: LongestCursor) -> tuple[ColumnElement[bool], ...]:
    if cursor.length == float("inf"):
        return ()
    return (tuple_(Alert.seconds, Alert.id) < tuple_(literal(cursor.length), cursor.id),)


_READ: Mapping[Order, Callable[[Session, Conditions, PageRequest], Sequence[Cursor]]] = {
    "newest": _newest_page,
    "gravest": _gravest_page,
    "longest": _longest_page,
}


def gravest_firing(session: Session, wanted: AlertFilter, limit: int) -> Sequence[Alert]:
    """Incidents that fire: what nobody takes care of first, then the gravest, causes, the newest."""
    conditions = _conditions(session, wanted, choose_texts(session, wanted))
    query = select(Alert).where(FIRES, *conditions)
    # what is inhibited is a consequence of something that fires as well
    is_consequence = Alert.suppression == "inhibited"
    urgency = (Alert.acknowledged_at.is_not(None), Alert.severity_rank, is_consequence)
    order = (*urgency, Alert.starts_at.desc(), Alert.id.desc())
    return session.scalars(query.order_by(*order).limit(limit)).all()


def newest_after(
    session: Session, wanted: AlertFilter, size: int, last: NewestCursor | None
) -> tuple[Sequence[Alert], NewestCursor | None]:
    """Incidents after the last one of the piece before, newest first, and the last of these, if any."""
    conditions = _conditions(session, wanted, choose_texts(session, wanted))
    found = _newest(session, [*conditions, *_begins_at(wanted)], size - 1, last)
    return _rows(session, [each.id for each in found]), found[-1] if found else None
