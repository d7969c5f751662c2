"""What all jobs of a database amount to; the ended ones are summed again only when another one ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from ingestion_api.jobs.states import ACTIVE, COMPLETE, ENDED, FAILED, KINDS
from ingestion_api.store.tables import Job

DURATION_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0)
ATTEMPTS = 3  # to find the same ended jobs before and after they were summed
_SUMMED = (Job.files_processed, Job.embeddings_generated, Job.losses)
_IS_ACTIVE = (Job.kind.in_(KINDS), Job.state.in_(ACTIVE))


def _sums(*wanted: ColumnElement[bool]) -> list[Any]:
    return [select(func.sum(column)).where(*wanted).scalar_subquery() for column in _SUMMED]


# in one statement, so that a job which ends meanwhile is neither left out nor counted twice
_NOW = select(
    Job.kind,
    Job.state,
    func.count(),
    *(select(func.max(Job.ended_at)).where(Job.kind == kind).scalar_subquery() for kind in KINDS),
    *_sums(*_IS_ACTIVE),
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
    """The jobs by kind and state, their durations, and the sums of what they did."""

    counts: Mapping[tuple[str, str], int]
    durations: Sequence[Durations]
    files: int
    embeddings: int
    losses: int


@dataclass(frozen=True)
class _EndedJobs:
    """What jobs that have ended amount to; it does not change while they are the same."""

    identity: object
    durations: Sequence[Durations]
    sums: Sequence[int]


@dataclass(frozen=True)
class _PresentJobs:
    counts: Mapping[tuple[str, str], int]
    last_ends: Sequence[datetime | None]
    active_sums: Sequence[int]

    @property
    def ended_identity(self) -> object:
        """The same as long as no job ends."""
        ended = {key: number for key, number in self.counts.items() if key[1] in ENDED}
        return ended, self.last_ends


class JobTotalsReader:
    """Reads the totals; it remembers what the ended jobs amount to."""

    def __init__(self) -> None:
        self._ended = _EndedJobs(None, (), (0,) * len(_SUMMED))

    def read(self, session: Session) -> JobTotals:
        """The totals at present."""
        now, ended = _read_present(session), self._ended
        for _ in range(ATTEMPTS):
            if ended.identity == now.ended_identity:
                break
            ended = self._ended = _read_ended(session, now.ended_identity)
            now = _read_present(session)
        files, embeddings, losses = map(sum, zip(now.active_sums, ended.sums, strict=True))
        return JobTotals(now.counts, ended.durations, files, embeddings, losses)


def _read_present(session: Session) -> _PresentJobs:
    rows = session.execute(_NOW).all()
    counts = {(row[0], row[1]): row[2] for row in rows}
    more = tuple(rows[0][3:]) if rows else (None,) * (len(KINDS) + len(_SUMMED))
    return _PresentJobs(counts, more[: len(KINDS)], [each or 0 for each in more[len(KINDS) :]])


def _read_ended(session: Session, identity: object) -> _EndedJobs:
    durations = [
        Durations(kind, number, seconds, cumulated)
        for kind, number, seconds, *cumulated in session.execute(_durations(session))
    ]
    return _EndedJobs(identity, durations, [each or 0 for each in session.execute(_ENDED_SUMS).one()])


def _durations(session: Session) -> Select[Any]:
    ran = (Job.state.in_((COMPLETE, FAILED)), Job.started_at.is_not(None))
    took = select(Job.kind, _duration_seconds(session).label("seconds")).where(*ran)
    # with an offset the databases find each job's seconds once, not once for each bucket
    each = took.offset(0).subquery().c
    within = [func.sum(case((each.seconds <= bound, 1), else_=0)) for bound in DURATION_BUCKETS]
    return select(each.kind, func.count(), func.sum(each.seconds), *within).group_by(each.kind)


def _duration_seconds(session: Session) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(Job.ended_at) - func.julianday(Job.started_at)) * 86_400.0
    return func.extract("epoch", Job.ended_at - Job.started_at)
