"""What all jobs amount to, removed ones too; those that ended are summed again only when another one ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from ingestion_api.jobs.states import ACTIVE, COMPLETE, ENDED, FAILED, KINDS
from ingestion_api.store.removed_totals import removed_totals
from ingestion_api.store.tables import Job, RemovedTotal

DURATION_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0)
ATTEMPTS = 3  # to find the same ended jobs before and after they were summed
_SUMMED = (Job.files_processed, Job.embeddings_generated, Job.losses)
_SUM_NAMES = tuple(f"sums:{column.key}" for column in _SUMMED)
_IS_ACTIVE = (Job.kind.in_(KINDS), Job.state.in_(ACTIVE))


def _sums(*wanted: ColumnElement[bool]) -> list[Any]:
    return [select(func.sum(column)).where(*wanted).scalar_subquery() for column in _SUMMED]


_REMOVED = select(func.coalesce(func.sum(RemovedTotal.value), 0.0)).scalar_subquery()
# in one statement, so that a job which ends meanwhile is neither left out nor counted twice
_NOW = select(
    Job.kind,
    Job.state,
    func.count(),
    *(select(func.max(Job.ended_at)).where(Job.kind == kind).scalar_subquery() for kind in KINDS),
    *_sums(*_IS_ACTIVE),
    _REMOVED,
).group_by(Job.kind, Job.state)
_ENDED_SUMS = select(*(func.sum(column) for column in _SUMMED)).where(Job.state.in_(ENDED))


@dataclass(frozen=True)
class Durations:
    """How many jobs of a kind ran, for how long in all, and how many within each bucket."""

    kind: str
    number: int
    seconds: float
    cumulated: Sequence[int]


@dataclass(frozen=True)
class JobTotals:
    """The jobs by kind and state, their durations, the sums of what they did, and of all that was removed."""

    counts: Mapping[tuple[str, str], int]
    durations: Sequence[Durations]
    files: int
    embeddings: int
    losses: int
    removed: Mapping[str, float]


@dataclass(frozen=True)
class _EndedJobs:
    """What jobs that have ended amount to; it does not change while they are the same."""

    identity: object
    durations: Sequence[Durations]
    sums: Sequence[int]
    removed: Mapping[str, float]


@dataclass(frozen=True)
class _PresentJobs:
    counts: Mapping[tuple[str, str], int]
    last_ends: Sequence[datetime | None]
    active_sums: Sequence[int]
    removed: float | None

    @property
    def ended_identity(self) -> object:
        """The same as long as no job ends, and none is removed."""
        ended = {key: number for key, number in self.counts.items() if key[1] in ENDED}
        return ended, self.last_ends, self.removed


class JobTotalsReader:
    """Reads the totals; it remembers what the ended jobs amount to."""

    def __init__(self) -> None:
        self._ended = _EndedJobs(None, (), (0,) * len(_SUMMED), {})

    def read(self, session: Session) -> JobTotals:
        """The totals at present."""
        now, ended = _read_present(session), self._ended
        for _ in range(ATTEMPTS):
            if ended.identity == now.ended_identity:
                break
            ended = self._ended = _read_ended(session, now.ended_identity)
            now = _read_present(session)
        files, embeddings, losses = map(sum, zip(now.active_sums, ended.sums, strict=True))
        counts = _all_counts(now, ended)
        return JobTotals(counts, ended.durations, files, embeddings, losses, ended.removed)


def _all_counts(now: _PresentJobs, ended: _EndedJobs) -> dict[tuple[str, str], int]:
    counts = dict(now.counts)
    for kind, state in product(KINDS, ENDED):
        if number := ended.removed.get(_count_name(kind, state)):
            counts[kind, state] = counts.get((kind, state), 0) + int(number)
    return counts


def _read_present(session: Session) -> _PresentJobs:
    rows = session.execute(_NOW).all()
    counts = {(row[0], row[1]): row[2] for row in rows}
    nothing = (None,) * (len(KINDS) + len(_SUMMED))
    more = tuple(rows[0][3:]) if rows else (*nothing, session.scalar(select(_REMOVED)))
    *sums, removed = more[len(KINDS) :]
    return _PresentJobs(counts, more[: len(KINDS)], [each or 0 for each in sums], removed)


def _read_ended(session: Session, identity: object) -> _EndedJobs:
    removed = removed_totals(session)
    present = session.execute(_ENDED_SUMS).one()
    sums = [(each or 0) + int(removed.get(name, 0)) for name, each in zip(_SUM_NAMES, present, strict=True)]
    return _EndedJobs(identity, _with_removed(_read_durations(session), removed), sums, removed)


def _read_durations(session: Session, *wanted: ColumnElement[bool]) -> list[Durations]:
    return [
        Durations(kind, number, float(seconds), cumulated)
        for kind, number, seconds, *cumulated in session.execute(_durations(session, *wanted))
    ]


def _with_removed(found: Sequence[Durations], removed: Mapping[str, float]) -> list[Durations]:
    present = {it.kind: it for it in found}
    added = [_add(kind, present.get(kind), removed) for kind in KINDS]
    return [it for it in added if it.number]


def _add(kind: str, present: Durations | None, removed: Mapping[str, float]) -> Durations:
    number, seconds, *buckets = (removed.get(name, 0) for name in _duration_names(kind))
    if present is None:
        return Durations(kind, int(number), seconds, [int(each) for each in buckets])
    cumulated = [int(each) + it for each, it in zip(buckets, present.cumulated, strict=True)]
    return Durations(kind, int(number) + present.number, seconds + present.seconds, cumulated)


def removed_sums(session: Session, wanted: ColumnElement[bool]) -> dict[str, float]:
    """What these ended jobs amount to, by the names under which it is kept once they are removed."""
    counted = select(Job.kind, Job.state, func.count()).where(wanted).group_by(Job.kind, Job.state)
    sums = {_count_name(kind, state): float(number) for kind, state, number in session.execute(counted)}
    found = session.execute(select(*(func.sum(column) for column in _SUMMED)).where(wanted)).one()
    sums |= {name: float(each or 0) for name, each in zip(_SUM_NAMES, found, strict=True)}
    for it in _read_durations(session, wanted):
        sums |= dict(zip(_duration_names(it.kind), (it.number, it.seconds, *it.cumulated), strict=True))
    return sums


def _count_name(kind: str, state: str) -> str:
    return f"jobs:{kind}:{state}"


def _duration_names(kind: str) -> list[str]:
    parts = ("number", "seconds", *(f"within {bound:g}" for bound in DURATION_BUCKETS))
    return [f"durations:{kind}:{part}" for part in parts]


def _durations(session: Session, *wanted: ColumnElement[bool]) -> Select[Any]:
    ran = (*wanted, Job.state.in_((COMPLETE, FAILED)), Job.started_at.is_not(None))
    took = select(Job.kind, _duration_seconds(session).label("seconds")).where(*ran)
    # with an offset the databases find each job's seconds once, not once for each bucket
    each = took.offset(0).subquery().c
    within = [func.sum(case((each.seconds <= bound, 1), else_=0)) for bound in DURATION_BUCKETS]
    return select(each.kind, func.count(), func.sum(each.seconds), *within).group_by(each.kind)


def _duration_seconds(session: Session) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(Job.ended_at) - func.julianday(Job.started_at)) * 86_400.0
    return func.extract("epoch", Job.ended_at - Job.started_at)
