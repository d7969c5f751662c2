"""All workers at one glance, those of Celery and the existing edge worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy.orm import Session

from ingestion_api.dispatch.edge import EdgeQueue, EdgeReport
from ingestion_api.service import Service
from ingestion_api.workers import status
from ingestion_api.workers.status import DEGRADED, OFFLINE, HeartbeatTimeouts, Status, WorkerState

EDGE_WORKER_ID = "edge-worker"


@dataclass(frozen=True)
class WorkersOverview:
    """The contract's words, and every worker behind them."""

    words: str
    health: Literal["healthy", "degraded", "offline"]
    workers: Sequence[WorkerState]

    @property
    def active(self) -> int:
        """How many are not offline."""
        return sum(worker.status != OFFLINE for worker in self.workers)


def workers_overview(service: Service) -> WorkersOverview:
    """What the workers do now; raises RedisError when an edge worker's Redis is away."""
    silence = heartbeat_timeouts(service)
    with service.store.read() as session:
        workers = status.worker_states(session, silence, service.clock())
        if service.edge is None:
            return WorkersOverview(
                status.status_text(session, workers), status.overall_health(workers), workers
            )
        return _overview_with_edge(service, service.edge, session, workers)


def heartbeat_timeouts(service: Service) -> HeartbeatTimeouts:
    """After which silence a worker counts as degraded or offline."""
    settings = service.settings
    return HeartbeatTimeouts(
        timedelta(seconds=settings.degraded_after), timedelta(seconds=settings.offline_after)
    )


def _overview_with_edge(
    service: Service, edge: EdgeQueue, session: Session, workers: Sequence[WorkerState]
) -> WorkersOverview:
    report = edge.report()
    worker = _edge_worker_state(report, service)
    together = [*workers, worker]
    words = "Offline" if worker.status == OFFLINE else report.words or status.status_text(session, together)
    return WorkersOverview(words, status.overall_health([worker]), together)


def _edge_worker_state(report: EdgeReport, service: Service) -> WorkerState:
    return WorkerState(
        id=str(report.meta.get("worker_id") or EDGE_WORKER_ID),
        type="edge",
        host=str(report.meta.get("host") or "unknown"),
        status=_edge_status(report, service),
        last_heartbeat=report.last_seen,
        gpu_available=bool(report.meta.get("gpu_available")),
        queues=("ingest_queue",),
    )


def _edge_status(report: EdgeReport, service: Service) -> Status:
    if report.last_seen is None:
        # words without a heartbeat are not proof of life: they stay when the worker is killed
        return OFFLINE if report.words in (None, "Offline") else DEGRADED
    limit = timedelta(seconds=service.settings.edge_offline_after)
    return status.status_by_age(
        report.last_seen, stopped=False, silence=HeartbeatTimeouts(limit, limit * 2), now=service.clock()
    )
