"""Queries that count incidents by state, severity and module, each in the order of an index.

Where labels or words are asked for, the incidents of each text that is chosen are counted. Of many texts it
takes less to count all incidents, and to take away those of the few other texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select, union_all
from sqlalchemy.orm import Session

from ingestion_api.alerts.chosen_texts import ChosenTexts, choose_texts, list_ids
from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.store.tables import Alert, AlertText
from ingestion_api.store.tables.expressions import checked, listed_numbers

FIRING, RESOLVED = STATES = ("firing", "resolved")
WORTH = 2  # so many times as many texts are chosen as there are others where counting all takes less
Row = Sequence[Any]  # state, rank of the severity, module, how many, how many are acknowledged


def count_rows(session: Session, wanted: AlertFilter, texts: ChosenTexts | None = None) -> Iterator[Row]:
    """The rows of what the filter chooses; `texts` are those that it chooses, where they are known.

    Of what has ended it is not always counted how many are acknowledged.
    """
    parts = [_by_kind(wanted)]
    if wanted.asks_texts:
        chosen = texts or choose_texts(session, wanted)
        parts = _of_texts(session, wanted, chosen) if chosen and chosen.number else []
    if parts:
        # one statement, so that all of it is counted at the same moment
        yield from _summed(session.execute(union_all(*parts)))


def _of_texts(session: Session, wanted: AlertFilter, chosen: ChosenTexts) -> list[Any]:
    others = _other_ids(session, wanted, chosen)
    parts: list[Any] = []
    for status in [wanted.status] if wanted.status else STATES:
        its = replace(wanted, status=status)
        if others is None:
            parts.append(_by_text(its, chosen.hold(Alert.text_id)))
        else:
            parts += _all_but(its, others, chosen.newest)
    return parts


def _summed(rows: Any) -> Iterator[Row]:
    found: dict[Any, list[int]] = {}
    for *kind, number, taken in rows:
        both = found.setdefault(tuple(kind), [0, 0])
        both[0] += int(number)
        both[1] += int(taken)
    return ((*kind, *both) for kind, both in found.items() if both[0])


def _other_ids(session: Session, wanted: AlertFilter, chosen: ChosenTexts) -> str | None:
    """The ids of the texts that are not chosen; None where it is better to seek those that are."""
    if chosen.others is None or chosen.others * WORTH > chosen.number:
        return None
    if not chosen.others:
        return ""
    ids = select(AlertText.id).where(AlertText.id <= chosen.newest, ~checked(chosen.hold(AlertText.id)))
    return list_ids(session, ids.where(*wanted.kind_conditions(AlertText)), chosen.others)[1]


def _by_kind(wanted: AlertFilter) -> Any:
    kind = (Alert.severity_rank, Alert.module)
    status, groups = (
        (literal(wanted.status), kind) if wanted.status else (Alert.status, (Alert.status, *kind))
    )
    query = select(status, *kind, *_numbers(wanted)).where(*wanted.own_conditions(by_status=True))
    return query.where(*wanted.kind_conditions(Alert)).group_by(*groups)


def _by_text(wanted: AlertFilter, has_text: ColumnElement[bool]) -> Any:
    # what fires is few, and has an index of its own
    own = wanted.own_conditions(by_status=wanted.status == FIRING)
    # for each text first, so that what its incidents share is looked at once
    its = select(Alert.text_id, *_numbers(wanted)).where(has_text, *own).group_by(Alert.text_id).subquery()
    kind = (AlertText.severity_rank, AlertText.module)
    query = select(literal(wanted.status), *kind, func.sum(its.c.number), func.sum(its.c.taken))
    query = query.join(AlertText, AlertText.id == its.c.text_id)
    return query.where(*wanted.kind_conditions(AlertText)).group_by(*kind)


def _numbers(wanted: AlertFilter) -> tuple[ColumnElement[int], ColumnElement[int]]:
    taken = literal(0) if wanted.status == RESOLVED else func.count(Alert.acknowledged_at)
    return func.count().label("number"), taken.label("taken")


def _all_but(wanted: AlertFilter, others: str, newest: int) -> Iterator[Any]:
    yield _by_kind(wanted)
    yield _negative(_by_text(wanted, Alert.text_id > newest))
    if others:
        yield _negative(_by_text(wanted, Alert.text_id.in_(listed_numbers(others))))


def _negative(counts: Any) -> Any:
    *kind, number, taken = counts.subquery().c
    return select(*kind, -number, -taken)
