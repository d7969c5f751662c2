"""What needs attention: each thing with its weight, its reason and the page that helps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingestion_api.embeddings.request import EmbeddingStatus
from ingestion_api.jobs import queue
from ingestion_api.jobs.states import FAILED, PENDING, has_state
from ingestion_api.store.tables import Alert, Job
from ingestion_api.workers.status import WorkerState

LATELY = timedelta(hours=24)
SLOW_START = timedelta(minutes=5)
_ORDER = ("bad", "warn", "info")


@dataclass(frozen=True)
class Need:
    """One thing; `weight` is "bad", "warn" or "info", `address` the page that helps, or empty."""

    weight: str
    what: str
    why: str
    address: str = ""
    action: str = ""


def by_weight(needs: Iterable[Need]) -> list[Need]:
    """Return the needs, the heaviest first."""
    return sorted(needs, key=lambda need: _ORDER.index(need.weight))


def of_workers(workers: Sequence[WorkerState]) -> Iterator[Need]:
    """Yield what is wrong with the workers."""
    if not workers:
        yield Need("bad", "No worker has ever reported", "Jobs wait until one does.", "/workers", "Workers")
        return
    if not any(worker.status == "online" for worker in workers):
        yield Need("bad", "No worker is online", "Jobs wait until one is back.", "/workers", "Workers")
    for worker in workers:
        if worker.status == "degraded":
            why = "Its heartbeats come late; its jobs may be given to another worker."
            yield Need("warn", f"Worker {worker.id} is degraded", why, "/workers", "Workers")


def of_jobs(session: Session, limit: int, now: datetime) -> Iterator[Need]:
    """Yield what is wrong with the jobs and their queue."""
    waiting = queue.waiting_count(session)
    if waiting >= limit:
        why = f"{waiting} of {limit} places are taken; new jobs are refused."
        yield Need("bad", "The queue is full", why, "/jobs?state=pending", "Waiting jobs")
    failed = session.scalar(
        select(func.count()).select_from(Job).where(has_state(FAILED), Job.ended_at > now - LATELY)
    )
    if failed:
        what = f"{failed} job{'s' if failed > 1 else ''} failed in the last day"
        yield Need(
            "warn", what, "Each tells why, and can be tried again.", "/jobs?state=failed", "Failed jobs"
        )
    yield from _slow_starts(session, now)


def _slow_starts(session: Session, now: datetime) -> Iterator[Need]:
    oldest = session.scalar(
        select(Job).where(has_state(PENDING), Job.submitted_at < now - SLOW_START).order_by(Job.id).limit(1)
    )
    if oldest is not None:
        minutes = int((now - oldest.submitted_at).total_seconds() // 60)
        what = f"Job {oldest.id} has waited for {minutes} minutes"
        yield Need("warn", what, "No worker has begun it.", f"/jobs/{oldest.id}", "The job")


def of_embeddings(status: EmbeddingStatus) -> Iterator[Need]:
    """Yield what the coverage lacks while nobody works on it."""
    missing = status.coverage.total - status.coverage.embedded
    if missing and status.active is None:
        what = f"{missing} resource{'s have' if missing > 1 else ' has'} no sparse embedding"
        yield Need("info", what, "A search by words does not find them.", "/embeddings", "Generate them")


def of_alerts(session: Session) -> Iterator[Need]:
    """Yield the alerts that fire; one that somebody takes care of weighs little."""
    firing = select(Alert).where(Alert.status == "firing").order_by(Alert.starts_at.desc()).limit(20)
    for alert in session.scalars(firing):
        weight = {"critical": "bad", "warning": "warn"}.get(alert.severity, "info")
        since = alert.starts_at.strftime("%Y-%m-%d %H:%M UTC")
        said = (
            alert.annotations.get("summary") or alert.annotations.get("description") or "It gave no summary."
        )
        address = _link(alert.annotations.get("action_url") or alert.annotations.get("runbook_url"))
        if alert.acknowledged_at is not None:
            weight, said = "info", f"{said} Acknowledged by {alert.acknowledged_by}."
        yield Need(weight, f"Alert {alert.name} fires since {since}", str(said), address, "What to do")


def _link(address: object) -> str:
    text = str(address or "")
    return text if text.startswith(("https://", "http://", "/")) and not text.startswith("//") else ""
