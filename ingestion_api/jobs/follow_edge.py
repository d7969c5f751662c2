"""Read back from the edge worker's Redis what became of the jobs that it was given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingestion_api.dispatch.edge import EdgeQueue
from ingestion_api.jobs.recover import Patience
from ingestion_api.jobs.states import ACTIVE, COMPLETE, FAILED, PENDING, PROCESSING, SKIPPED, Step, move
from ingestion_api.repository import RepositoryUrlRefused, UrlRules, check_url
from ingestion_api.store import Store
from ingestion_api.store.tables import Job

TRAINING = "Training Graph on "
WORKER = "edge-worker"


@dataclass(frozen=True)
class Seen:
    """The edge worker's Redis at one moment, by the identity of the repositories."""

    waiting: frozenset[str]
    training: str | None
    idle: bool
    history: Mapping[str, Sequence[Mapping[str, Any]]]


def follow(store: Store, edge: EdgeQueue, rules: UrlRules, patience: Patience, now: datetime) -> None:
    """Move the jobs of the edge worker to where its keys say they are; raises RedisError."""
    query = select(Job).where(Job.dispatch == "edge", Job.state.in_(ACTIVE))
    with store.read() as session:
        jobs = session.scalars(query).all()
    if not jobs:
        return
    seen = look(edge, rules)
    for job in jobs:
        if _forgotten(job, seen, patience, now):
            edge.push(job.repo_url or "", job.submitted_at)
            continue
        with store.write() as session:
            _move_on(session, job, seen, patience, now)


def look(edge: EdgeQueue, rules: UrlRules) -> Seen:
    """Read the edge worker's keys once."""
    words = edge.report().words or ""
    history: dict[str, list[Mapping[str, Any]]] = {}
    for entry in edge.history():
        history.setdefault(_identity(entry.get("repo_url"), rules), []).append(entry)
    return Seen(
        waiting=frozenset(_identity(entry.get("repo_url"), rules) for entry in edge.waiting()),
        training=_identity(words.removeprefix(TRAINING), rules) if words.startswith(TRAINING) else None,
        idle=words == "Idle",
        history=history,
    )


def _move_on(session: Session, job: Job, seen: Seen, patience: Patience, now: datetime) -> None:
    ending = _ending(job, seen.history.get(job.repository or "", ()))
    if ending is not None:
        _end(session, job, ending, now)
    elif job.state == PENDING and (seen.training == job.repository or _taken(job, seen)):
        move(session, _step(job, PROCESSING, now), worker=WORKER, started_at=now, attempts=1)
    elif job.state == PROCESSING and now - job.submitted_at > patience.ttl:
        error = "the edge worker did not say what became of it"
        move(session, _step(job, FAILED, now, error), error=error)


def _taken(job: Job, seen: Seen) -> bool:
    return job.repository not in seen.waiting and not seen.idle


def _forgotten(job: Job, seen: Seen, patience: Patience, now: datetime) -> bool:
    # only an idle worker proves that a job which waits nowhere is not being worked on
    gone = job.state == PENDING and seen.idle and job.repository not in seen.waiting
    ended = _ending(job, seen.history.get(job.repository or "", ())) is not None
    return gone and not ended and now - job.submitted_at > patience.grace


def _end(session: Session, job: Job, entry: Mapping[str, Any], now: datetime) -> None:
    if entry["status"] == SKIPPED:
        reason = str(entry.get("reason") or "skipped by the edge worker")
        move(session, _step(job, SKIPPED, now, reason), reason=reason)
        return
    move(session, _step(job, PROCESSING, now), worker=WORKER, started_at=job.started_at or now)
    known = {name: entry.get(name) for name in ("files_processed", "embeddings_generated")}
    numbers = {name: int(value) for name, value in known.items() if isinstance(value, (int, float))}
    error = str(entry["error"]) if entry.get("error") else None
    move(session, _step(job, entry["status"], now, error), error=error, **numbers)


def _ending(job: Job, entries: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    ended = (entry for entry in entries if entry.get("status") in (COMPLETE, FAILED, SKIPPED))
    return next((entry for entry in ended if _after(entry.get("timestamp"), job.submitted_at)), None)


def _after(timestamp: object, submitted: datetime) -> bool:
    try:
        moment = datetime.fromisoformat(str(timestamp))
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) >= submitted


def _identity(repo_url: object, rules: UrlRules) -> str:
    try:
        return check_url(str(repo_url), rules).identity
    except RepositoryUrlRefused:
        return ""


def _step(job: Job, to: str, now: datetime, note: str | None = None) -> Step:
    return Step(job.id, to, now, note=note, worker=WORKER)
