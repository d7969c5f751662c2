"""Workers write down that they live."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Worker


@dataclass(frozen=True)
class WorkerReport:
    """What a worker says of itself."""

    worker: str
    type: str
    host: str
    pid: int
    queues: list[str]
    gpu: dict[str, Any]
    broker_lost_at: datetime | None = None


def record_heartbeat(store: Store, report: WorkerReport, now: datetime) -> None:
    """Write a heartbeat; a worker not seen before, or with a new process, is registered."""
    with store.write() as session:
        take_advisory_lock(session, f"worker {report.worker}")
        known = session.get(Worker, report.worker)
        if known is None:
            session.add(_worker_row(report, now))
            return
        if known.pid != report.pid or known.stopped_at is not None:
            _restart(session, known, report, now)
        known.last_heartbeat = now
        known.broker_lost_at = report.broker_lost_at


def mark_stopped(store: Store, worker: str, now: datetime) -> None:
    """The worker stops of its own will."""
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


def _restart(session: Session, known: Worker, report: WorkerReport, now: datetime) -> None:
    session.merge(_worker_row(report, now))
    known.stopped_at = None
