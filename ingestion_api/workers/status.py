"""What the workers do, in the contract's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from ingestion_api.jobs.queue import INGESTION
from ingestion_api.jobs.states import ENDED, FAILED, PROCESSING, has_state
from ingestion_api.store.tables import Job, Worker

Status = Literal["online", "degraded", "offline"]
ONLINE: Final = "online"
DEGRADED: Final = "degraded"
OFFLINE: Final = "offline"
HIDDEN_AFTER = timedelta(days=7)  # a worker silent for longer is no longer shown
ERROR_LENGTH = 100


@dataclass(frozen=True)
class HeartbeatTimeouts:
    """After which silence a worker counts as degraded, as offline."""

    degraded: timedelta
    offline: timedelta


@dataclass(frozen=True)
class WorkerState:
    """A worker, and what its last heartbeat says about it now."""

    id: str
    type: str
    host: str
    status: Status
    last_heartbeat: datetime | None  # None where a worker has no heartbeat at all
    gpu_available: bool
    queues: tuple[str, ...] = ()
    gpu: tuple[dict[str, object], ...] = ()
    job_ids: tuple[int, ...] = ()
    broker_lost_at: datetime | None = None  # since when it has not heard its broker


def worker_states(session: Session, silence: HeartbeatTimeouts, now: datetime) -> list[WorkerState]:
    """Every worker heard of lately, by name."""
    workers = session.scalars(
        select(Worker).where(Worker.last_heartbeat > now - HIDDEN_AFTER).order_by(Worker.id)
    )
    busy = _jobs_by_worker(session)
    return [_worker_state(worker, silence, now, busy.get(worker.id, ())) for worker in workers]


def status_text(session: Session, workers: Sequence[WorkerState]) -> str:
    """ "Offline", "Training Graph on <url>", "Error: <text>" or "Idle"."""
    if all(worker.status == OFFLINE for worker in workers):
        return "Offline"
    running = session.scalar(
        select(Job.repo_url).where(Job.kind == INGESTION, Job.state == PROCESSING).order_by(Job.id).limit(1)
    )
    if running is not None:
        return f"Training Graph on {running}"
    last = session.scalar(_last_ended_job())
    if last is not None and last.state == FAILED:
        return f"Error: {(last.error or 'unknown')[:ERROR_LENGTH]}"
    return "Idle"


def overall_health(workers: Sequence[WorkerState]) -> Literal["healthy", "degraded", "offline"]:
    """ "healthy" when any worker is online, else the best of what is left."""
    states = {worker.status for worker in workers}
    if ONLINE in states:
        return "healthy"
    return DEGRADED if DEGRADED in states else OFFLINE


def status_by_age(last: datetime, stopped: bool, silence: HeartbeatTimeouts, now: datetime) -> Status:
    """Online, degraded or offline, from the age of the last heartbeat."""
    if stopped or now - last > silence.offline:
        return OFFLINE
    return DEGRADED if now - last > silence.degraded else ONLINE


def worker_status(worker: Worker, silence: HeartbeatTimeouts, now: datetime) -> Status:
    """By its last heartbeat, and by what that says of its broker: without one no job is taken."""
    stopped = worker.stopped_at is not None
    found = status_by_age(worker.last_heartbeat, stopped, silence, now)
    if worker.broker_lost_at is None or found == OFFLINE:
        return found
    return OFFLINE if now - worker.broker_lost_at > silence.offline else DEGRADED


def _worker_state(
    worker: Worker, silence: HeartbeatTimeouts, now: datetime, job_ids: tuple[int, ...]
) -> WorkerState:
    return WorkerState(
        id=worker.id,
        type=worker.type,
        host=worker.host,
        status=worker_status(worker, silence, now),
        last_heartbeat=worker.last_heartbeat,
        gpu_available=bool(worker.gpu.get("available")),
        queues=tuple(worker.queues),
        gpu=tuple(worker.gpu.get("cards", ())),
        job_ids=job_ids,
        broker_lost_at=worker.broker_lost_at,
    )


def _jobs_by_worker(session: Session) -> dict[str | None, tuple[int, ...]]:
    found: dict[str | None, tuple[int, ...]] = {}
    query = select(Job.worker, Job.id).where(has_state(PROCESSING)).order_by(Job.id)
    for worker, job_id in session.execute(query):
        found[worker] = (*found.get(worker, ()), job_id)
    return found


def _last_ended_job() -> Select[Job]:
    ended = select(Job).where(Job.kind == INGESTION, Job.state.in_(ENDED))
    return ended.order_by(Job.ended_at.desc(), Job.id.desc()).limit(1)
