"""The first page: what needs attention, and the state of the service."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.alerts.queries import gravest_firing
from ingestion_api.embeddings.coverage import Coverage
from ingestion_api.embeddings.request import active_generation, embedding_coverage
from ingestion_api.errors import ServiceError, Unavailable
from ingestion_api.jobs import queries
from ingestion_api.jobs.states import FAILED, PENDING, has_state
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Operator
from ingestion_api.pages.templates import render_page
from ingestion_api.service import Service, current_service
from ingestion_api.store.tables import Job
from ingestion_api.workers import WorkerState, all_workers

RECENT_FAILURES = timedelta(hours=24)
SLOW_START = timedelta(minutes=5)
_ORDER = ("bad", "warn", "info")
router = APIRouter(route_class=PageRoute, include_in_schema=False)
RECENT = 5
MAX_ALERTS = 20  # the gravest
ALWAYS_FIRES = "Watchdog"  # it tells that alerting works, and needs nobody


@dataclass(frozen=True)
class AttentionItem:
    """One thing; `weight` is "bad", "warn" or "info", `address` the page that helps, or empty."""

    weight: str
    what: str
    why: str
    address: str = ""
    action: str = ""


def sort_by_severity(needs: Iterable[AttentionItem]) -> list[AttentionItem]:
    """Return the needs, the heaviest first."""
    return sorted(needs, key=lambda need: _ORDER.index(need.weight))


def worker_items(workers: Sequence[WorkerState]) -> Iterator[AttentionItem]:
    """Yield what is wrong with the workers."""
    if not workers:
        yield AttentionItem(
            "bad", "No worker has ever reported", "Jobs wait until one does.", "/workers", "Workers"
        )
        return
    if not any(worker.status == "online" for worker in workers):
        yield AttentionItem(
            "bad", "No worker is online", "Jobs wait until one is back.", "/workers", "Workers"
        )
    for worker in workers:
        if worker.status == "degraded":
            why = "Its heartbeats come late; its jobs may be given to another worker."
            yield AttentionItem("warn", f"Worker {worker.id} is degraded", why, "/workers", "Workers")


def job_items(session: Session, waiting: int, limit: int, now: datetime) -> Iterator[AttentionItem]:
    """Yield what is wrong with the jobs and their queue."""
    if waiting >= limit:
        why = f"{waiting} of {limit} places are taken; new jobs are refused."
        yield AttentionItem("bad", "The queue is full", why, "/jobs?state=pending", "Waiting jobs")
    failed = session.scalar(
        select(func.count()).select_from(Job).where(has_state(FAILED), Job.ended_at > now - RECENT_FAILURES)
    )
    if failed:
        what = f"{failed} job{'s' if failed > 1 else ''} failed in the last day"
        yield AttentionItem(
            "warn", what, "Each tells why, and can be tried again.", "/jobs?state=failed", "Failed jobs"
        )
    yield from _slow_start_items(session, now)


def _slow_start_items(session: Session, now: datetime) -> Iterator[AttentionItem]:
    oldest = session.scalar(
        select(Job).where(has_state(PENDING), Job.submitted_at < now - SLOW_START).order_by(Job.id).limit(1)
    )
    if oldest is not None:
        minutes = int((now - oldest.submitted_at).total_seconds() // 60)
        what = f"Job {oldest.id} has waited for {minutes} minutes"
        yield AttentionItem("warn", what, "No worker has begun it.", f"/jobs/{oldest.id}", "The job")


def embedding_items(session: Session, coverage: Coverage | None) -> Iterator[AttentionItem]:
    """Yield what the coverage lacks while nobody works on it; None where it is unknown."""
    if coverage is None:
        why = "Nothing is known of their embeddings until it is back."
        yield AttentionItem("bad", "The database of the resources does not answer", why)
        return
    missing = coverage.total - coverage.embedded
    if missing and active_generation(session) is None:
        what = f"{missing} resource{'s have' if missing > 1 else ' has'} no sparse embedding"
        yield AttentionItem(
            "info", what, "A search by words does not find them.", "/embeddings", "Generate them"
        )


def alert_items(session: Session) -> Iterator[AttentionItem]:
    """Yield the alerts that fire; one that somebody takes care of weighs little."""
    for alert in gravest_firing(session, AlertFilter(), MAX_ALERTS):
        if alert.name == ALWAYS_FIRES:
            continue
        weight = {"critical": "bad", "warning": "warn"}.get(alert.severity, "info")
        since = alert.starts_at.strftime("%Y-%m-%d %H:%M UTC")
        said = (
            alert.annotations.get("summary") or alert.annotations.get("description") or "It gave no summary."
        )
        address = _link_to_job(alert.annotations.get("action_url") or alert.annotations.get("runbook_url"))
        if alert.acknowledged_at is not None:
            weight, said = "info", f"{said} Acknowledged by {alert.acknowledged_by}."
        yield AttentionItem(
            weight, f"Alert {alert.name} fires since {since}", str(said), address, "What to do"
        )


def _link_to_job(address: object) -> str:
    text = str(address or "")
    return text if text.startswith(("https://", "http://", "/")) and not text.startswith("//") else ""


@router.get("/")
def show(request: Request, _: Operator) -> Response:
    """Show what needs attention."""
    service = current_service(request)
    covered = _coverage(service)
    broker = list(_broker_items(service))
    # one session: to begin one costs as much as two of its queries
    with service.store.read() as session:
        workers, away = _workers(service, session)
        counts = queries.job_counts(session)
        jobs = queries.newest_jobs(session, RECENT).jobs
        waiting, limit = counts[PENDING], service.settings.queue_limit
        needs = [
            *away,
            *broker,
            *worker_items(workers),
            *job_items(session, waiting, limit, service.clock()),
            *alert_items(session),
            *embedding_items(session, covered),
        ]
    return render_page(
        request,
        "home.html",
        needs=sort_by_severity(needs),
        counts=counts,
        jobs=jobs,
        limit=limit,
        alive=sum(worker.status == "online" for worker in workers),
        workers=len(workers),
        covered=covered,
    )


def _workers(service: Service, session: Session) -> tuple[Sequence[WorkerState], list[AttentionItem]]:
    try:
        return all_workers(service, session), []
    except RedisError:
        why = "Nothing is known of the edge worker until it is back."
        return [], [AttentionItem("bad", "The edge worker's Redis does not answer", why)]


def _coverage(service: Service) -> Coverage | None:
    try:
        return embedding_coverage(service)
    except (SQLAlchemyError, ServiceError):
        return None


def _broker_items(service: Service) -> Iterator[AttentionItem]:
    try:
        service.broker.check()
    except Unavailable as error:
        why = "Accepted jobs are kept and published as soon as it is back."
        yield (
            AttentionItem("bad", "The queue's broker does not answer", why)
            if service.broker.is_configured
            else AttentionItem("warn", "There is no queue", error.detail)
        )
