"""Synchronize the jobs of the edge worker with the keys in its Redis."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingestion_api.edge_queue import EdgeQueue
from ingestion_api.jobs.recovery import RecoveryLimits
from ingestion_api.jobs.states import (
    ACTIVE,
    COMPLETE,
    FAILED,
    PENDING,
    PROCESSING,
    SKIPPED,
    Transition,
    transition,
)
from ingestion_api.repository import RepositoryUrlRefused, UrlRules, check_url
from ingestion_api.store import Store
from ingestion_api.store.tables import Job

TRAINING_PREFIX = "Training Graph on "
WORKER = "edge-worker"


@dataclass(frozen=True)
class EdgeSnapshot:
    """The edge worker's state at one moment, by the identity of the repositories."""

    waiting: frozenset[str]
    training: str | None
    idle: bool
    history: Mapping[str, Sequence[Mapping[str, Any]]]


def sync_edge_jobs(
    store: Store, edge: EdgeQueue, rules: UrlRules, limits: RecoveryLimits, now: datetime
) -> None:
    """Apply the edge worker's state to its jobs; raises RedisError."""
    query = select(Job).where(Job.dispatch == "edge", Job.state.in_(ACTIVE))
    with store.read() as session:
        jobs = session.scalars(query).all()
    if not jobs:
        return
    snapshot = read_edge_state(edge, rules)
    for job in jobs:
        if _is_lost(job, snapshot, limits, now):
            edge.push(job.repo_url or "", job.submitted_at)
            continue
        with store.write() as session:
            _advance(session, job, snapshot, limits, now)


def read_edge_state(edge: EdgeQueue, rules: UrlRules) -> EdgeSnapshot:
    """Read the edge worker's keys once."""
    status_text = edge.report().status_text or ""
    history: dict[str, list[Mapping[str, Any]]] = {}
    for entry in edge.history():
        history.setdefault(_identity(entry.get("repo_url"), rules), []).append(entry)
    return EdgeSnapshot(
        waiting=frozenset(_identity(entry.get("repo_url"), rules) for entry in edge.waiting()),
        training=_identity(status_text.removeprefix(TRAINING_PREFIX), rules)
        if status_text.startswith(TRAINING_PREFIX)
        else None,
        idle=status_text == "Idle",
        history=history,
    )


def _advance(
    session: Session, job: Job, snapshot: EdgeSnapshot, limits: RecoveryLimits, now: datetime
) -> None:
    final = _final_entry(job, snapshot.history.get(job.repository or "", ()))
    if final is not None:
        _finish(session, job, final, now)
    elif job.state == PENDING and (snapshot.training == job.repository or _is_taken(job, snapshot)):
        transition(session, _transition(job, PROCESSING, now), worker=WORKER, started_at=now, attempts=1)
    elif job.state == PROCESSING and now - job.submitted_at > limits.ttl:
        error = "the edge worker reported no result"
        transition(session, _transition(job, FAILED, now, error), error=error)


def _is_taken(job: Job, snapshot: EdgeSnapshot) -> bool:
    return job.repository not in snapshot.waiting and not snapshot.idle


def _is_lost(job: Job, snapshot: EdgeSnapshot, limits: RecoveryLimits, now: datetime) -> bool:
    # only an idle worker proves that a job outside the queue is not running
    missing = job.state == PENDING and snapshot.idle and job.repository not in snapshot.waiting
    ended = _final_entry(job, snapshot.history.get(job.repository or "", ())) is not None
    return missing and not ended and now - job.submitted_at > limits.grace


def _finish(session: Session, job: Job, entry: Mapping[str, Any], now: datetime) -> None:
    if entry["status"] == SKIPPED:
        reason = str(entry.get("reason") or "skipped by the edge worker")
        # between its queue and its word a job seems to run
        transition(session, _transition(job, PENDING, now, "the edge worker did not begin"))
        transition(session, _transition(job, SKIPPED, now, reason), reason=reason)
        return
    transition(session, _transition(job, PROCESSING, now), worker=WORKER, started_at=job.started_at or now)
    counts = {name: entry.get(name) for name in ("files_processed", "embeddings_generated")}
    numbers = {name: int(value) for name, value in counts.items() if isinstance(value, (int, float))}
    error = str(entry["error"]) if entry.get("error") else None
    transition(session, _transition(job, entry["status"], now, error), error=error, **numbers)


def _final_entry(job: Job, entries: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    ended = (entry for entry in entries if entry.get("status") in (COMPLETE, FAILED, SKIPPED))
    return next((entry for entry in ended if _is_after(entry.get("timestamp"), job.submitted_at)), None)


def _is_after(timestamp: object, submitted: datetime) -> bool:
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


def _transition(job: Job, to: str, now: datetime, note: str | None = None) -> Transition:
    return Transition(job.id, to, now, note=note, worker=WORKER)
