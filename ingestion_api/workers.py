"""The workers: their heartbeats in SQL, their status by heartbeat age, and the existing edge worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ingestion_api.edge_queue import EdgeQueue, EdgeReport
from ingestion_api.jobs.states import ENDED, FAILED, INGESTION, PROCESSING, has_state
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Job, Worker

if TYPE_CHECKING:  # a worker, which reports itself here, starts quicker without the web
    from ingestion_api.service import Service

Status = Literal["online", "degraded", "offline"]
ONLINE: Final = "online"
DEGRADED: Final = "degraded"
OFFLINE: Final = "offline"
HIDDEN_AFTER = timedelta(days=7)  # a worker without a heartbeat for longer is hidden
ERROR_LENGTH = 100
EDGE_WORKER_ID = "edge-worker"


@dataclass(frozen=True)
class WorkerReport:
    """What a worker reports about itself."""

    worker: str
    type: str
    host: str
    pid: int
    queues: list[str]
    gpu: dict[str, Any]
    broker_lost_at: datetime | None = None


def record_heartbeat(store: Store, report: WorkerReport, now: datetime) -> None:
    """Write a heartbeat; register a new worker, or one with a new process."""
    with store.write() as session:
        take_advisory_lock(session, f"worker {report.worker}")
        row = session.get(Worker, report.worker)
        if row is None:
            session.add(_worker_row(report, now))
            return
        if row.pid != report.pid or row.stopped_at is not None:
            _restart(session, row, report, now)
        row.last_heartbeat = now
        row.broker_lost_at = report.broker_lost_at


def mark_stopped(store: Store, worker: str, now: datetime) -> None:
    """Record that the worker stopped in order."""
    with store.write() as session:
        session.execute(update(Worker).where(Worker.id == worker).values(stopped_at=now))


def _worker_row(report: WorkerReport, now: datetime) -> Worker:
    return Worker(
        id=report.worker,
        type=report.type,
        host=report.host,
        pid=report.pid,
        queues=report.queues,
        gpu=report.gpu,
        started_at=now,
        last_heartbeat=now,
        broker_lost_at=report.broker_lost_at,
    )


def _restart(session: Session, row: Worker, report: WorkerReport, now: datetime) -> None:
    session.merge(_worker_row(report, now))
    row.stopped_at = None


@dataclass(frozen=True)
class HeartbeatTimeouts:
    """The heartbeat ages after which a worker is degraded and offline."""

    degraded: timedelta
    offline: timedelta


@dataclass(frozen=True)
class WorkerState:
    """A worker, and its status by its last heartbeat."""

    id: str
    type: str
    host: str
    status: Status
    last_heartbeat: datetime | None  # None for a worker without heartbeats
    gpu_available: bool
    queues: tuple[str, ...] = ()
    gpu: tuple[dict[str, object], ...] = ()
    job_ids: tuple[int, ...] = ()
    broker_lost_at: datetime | None = None  # since when its broker has not replied


def worker_states(session: Session, timeouts: HeartbeatTimeouts, now: datetime) -> list[WorkerState]:
    """Every worker with a recent heartbeat, by name."""
    workers = session.scalars(
        select(Worker).where(Worker.last_heartbeat > now - HIDDEN_AFTER).order_by(Worker.id)
    )
    busy = _jobs_by_worker(session)
    return [_worker_state(worker, timeouts, now, busy.get(worker.id, ())) for worker in workers]


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


def status_by_age(last: datetime, stopped: bool, timeouts: HeartbeatTimeouts, now: datetime) -> Status:
    """Online, degraded or offline, from the age of the last heartbeat."""
    if stopped or now - last > timeouts.offline:
        return OFFLINE
    return DEGRADED if now - last > timeouts.degraded else ONLINE


def worker_status(worker: Worker, timeouts: HeartbeatTimeouts, now: datetime) -> Status:
    """The status by the last heartbeat and its broker, without which a worker takes no job."""
    stopped = worker.stopped_at is not None
    status = status_by_age(worker.last_heartbeat, stopped, timeouts, now)
    if worker.broker_lost_at is None or status == OFFLINE:
        return status
    return OFFLINE if now - worker.broker_lost_at > timeouts.offline else DEGRADED


def _worker_state(
    worker: Worker, timeouts: HeartbeatTimeouts, now: datetime, job_ids: tuple[int, ...]
) -> WorkerState:
    return WorkerState(
        id=worker.id,
        type=worker.type,
        host=worker.host,
        status=worker_status(worker, timeouts, now),
        last_heartbeat=worker.last_heartbeat,
        gpu_available=bool(worker.gpu.get("available")),
        queues=tuple(worker.queues),
        gpu=tuple(worker.gpu.get("cards", ())),
        job_ids=job_ids,
        broker_lost_at=worker.broker_lost_at,
    )


def _jobs_by_worker(session: Session) -> dict[str | None, tuple[int, ...]]:
    job_ids: dict[str | None, tuple[int, ...]] = {}
    query = select(Job.worker, Job.id).where(has_state(PROCESSING)).order_by(Job.id)
    for worker, job_id in session.execute(query):
        job_ids[worker] = (*job_ids.get(worker, ()), job_id)
    return job_ids


def _last_ended_job() -> Select[Job]:
    ended = select(Job).where(Job.kind == INGESTION, Job.state.in_(ENDED))
    return ended.order_by(Job.ended_at.desc(), Job.id.desc()).limit(1)


@dataclass(frozen=True)
class WorkersOverview:
    """The status text of the API, and every worker."""

    status_text: str
    health: Literal["healthy", "degraded", "offline"]
    workers: Sequence[WorkerState]

    @property
    def active(self) -> int:
        """The number of workers that are not offline."""
        return sum(worker.status != OFFLINE for worker in self.workers)


def workers_overview(service: "Service") -> WorkersOverview:
    """The present state of the workers; RedisError when an edge worker's Redis is unreachable."""
    with service.store.read() as session:
        workers = worker_states(session, heartbeat_timeouts(service), service.clock())
        if service.edge is None:
            return WorkersOverview(status_text(session, workers), overall_health(workers), workers)
        return _overview_with_edge(service, service.edge, session, workers)


def all_workers(service: "Service", session: Session) -> list[WorkerState]:
    """Every worker, also an edge worker; RedisError when its Redis is unreachable."""
    workers = worker_states(session, heartbeat_timeouts(service), service.clock())
    if service.edge is None:
        return workers
    return [*workers, _edge_worker_state(service.edge.report(), service)]


def heartbeat_timeouts(service: "Service") -> HeartbeatTimeouts:
    """The timeouts of the settings."""
    settings = service.settings
    return HeartbeatTimeouts(
        timedelta(seconds=settings.degraded_after), timedelta(seconds=settings.offline_after)
    )


def _overview_with_edge(
    service: "Service", edge: EdgeQueue, session: Session, workers: Sequence[WorkerState]
) -> WorkersOverview:
    report = edge.report()
    worker = _edge_worker_state(report, service)
    everyone = [*workers, worker]
    text = "Offline" if worker.status == OFFLINE else report.status_text or status_text(session, everyone)
    return WorkersOverview(text, overall_health([worker]), everyone)


def _edge_worker_state(report: EdgeReport, service: "Service") -> WorkerState:
    return WorkerState(
        id=str(report.meta.get("worker_id") or EDGE_WORKER_ID),
        type="edge",
        host=str(report.meta.get("host") or "unknown"),
        status=_edge_status(report, service),
        last_heartbeat=report.last_seen,
        gpu_available=bool(report.meta.get("gpu_available")),
        queues=("ingest_queue",),
    )


def _edge_status(report: EdgeReport, service: "Service") -> Status:
    if report.last_seen is None:
        # a status text without a heartbeat proves nothing: it stays when the worker is killed
        return OFFLINE if report.status_text in (None, "Offline") else DEGRADED
    limit = timedelta(seconds=service.settings.edge_offline_after)
    return status_by_age(
        report.last_seen, stopped=False, timeouts=HeartbeatTimeouts(limit, limit * 2), now=service.clock()
    )
