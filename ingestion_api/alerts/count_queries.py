"""Queries that count incidents by state, severity and module, each in the order of an index.

Where labels or words are asked for, the incidents of each text that is chosen are counted. Of many texts it
takes less to count all incidents, and to take away those of the few other texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from ingestion_api.alerts.chosen_texts import MAX_LISTED, ChosenTexts, choose_texts, list_texts
from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.store.tables import Alert, AlertText
from ingestion_api.store.tables.expressions import checked

FIRING, RESOLVED = STATES = ("firing", "resolved")
MAX_SOUGHT = 1500  # texts that are sought before others are looked at
OTHERS_COST = 2  # counting all costs as much as seeking the texts of half of them
Row = Sequence[Any]  # state, rank of the severity, module, how many, how many are acknowledged


@dataclass(frozen=True)
class _OtherTexts:
    """Those of the same kinds that are not chosen, and the newest text that is one or the other."""

    texts: ChosenTexts
    newest: int


def count_rows(session: Session, wanted: AlertFilter, texts: ChosenTexts | None = None) -> Iterator[Row]:
    """The rows of what the filter chooses; `texts` are those that it chooses, where they are known.

    How many are acknowledged is counted where labels and words do not matter, and for what fires.
    """
    if not wanted.asks_texts:
        yield from session.execute(_by_kind(wanted))
        return
    chosen = texts or choose_texts(session, wanted)
    if chosen is None or not chosen.number:
        return
    others = _other_texts(session, wanted, chosen) if chosen.number > MAX_SOUGHT else None
    for status in [wanted.status] if wanted.status else STATES:
        its = replace(wanted, status=status)
        query = _all_but(its, others) if others else _by_text(its, chosen)
        yield from _summed(session.execute(query))


def _summed(rows: Any) -> Iterator[Row]:
    found: dict[Any, list[int]] = {}
    for *kind, number, taken in rows:
        both = found.setdefault(tuple(kind), [0, 0])
        both[0] += int(number)
        both[1] += int(taken)
    return ((*kind, *both) for kind, both in found.items() if both[0])


def _other_texts(session: Session, wanted: AlertFilter, chosen: ChosenTexts) -> _OtherTexts | None:
    """None where they are too many to be of use."""
    # the newest is read before: a text that is added meanwhile is newer, or one of the others
    newest = session.scalar(select(func.max(AlertText.id))) or 0
    not_chosen = ~checked(chosen.hold(AlertText.id))
    most = min(chosen.number // OTHERS_COST, MAX_LISTED)
    others = list_texts(session, [*wanted.kind_conditions(AlertText), not_chosen], most)
    return _OtherTexts(others, newest) if others.number <= most else None


def _by_kind(wanted: AlertFilter) -> Any:
    kind = (Alert.status, Alert.severity_rank, Alert.module)
    query = select(*kind, func.count(), func.count(Alert.acknowledged_at))
    own = wanted.own_conditions(by_status=True)
    return query.where(*own, *wanted.kind_conditions(Alert)).group_by(*kind)


def _by_text(wanted: AlertFilter, texts: ChosenTexts) -> Any:
    # what fires is few, and has an index of its own
    fires = wanted.status == FIRING
    number, taken = func.count(), func.count(Alert.acknowledged_at) if fires else literal(0)
    each = select(Alert.text_id, number.label("number"), taken.label("taken"))
    each = each.where(texts.hold(Alert.text_id), *wanted.own_conditions(by_status=fires))
    # for each text first, so that what its incidents share is looked at once
    its = each.group_by(Alert.text_id).subquery()
    kind = (AlertText.severity_rank, AlertText.module)
    query = select(literal(wanted.status), *kind, func.sum(its.c.number), func.sum(its.c.taken))
    query = query.join(AlertText, AlertText.id == its.c.text_id)
    return query.where(*wanted.kind_conditions(AlertText)).group_by(*kind)


def _all_but(wanted: AlertFilter, others: _OtherTexts) -> Any:
    # one statement, so that all of it is counted at the same moment
    newer = or_(Alert.text_id > others.newest, Alert.text_id.is_(None))
    parts = [_by_kind(wanted), _negative(_by_kind(wanted).where(newer))]
    if others.texts.number:
        parts.append(_negative(_by_text(wanted, others.texts)))
    return union_all(*parts)


def _negative(counts: Any) -> Any:
    *kind, number, taken = counts.subquery().c
    return select(*kind, -number, -taken)
