"""The first page: what needs attention, and how things stand."""

from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Request, Response
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from ingestion_api.embeddings.request import EmbeddingStatus, embedding_status
from ingestion_api.errors import ServiceError, Unavailable
from ingestion_api.jobs import queries
from ingestion_api.pages import attention
from ingestion_api.pages.attention import AttentionItem
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.templates import render_page
from ingestion_api.pages.visitor import Operator
from ingestion_api.service import Service, current_service
from ingestion_api.workers import WorkerState, workers_overview

router = APIRouter(route_class=PageRoute, include_in_schema=False)
RECENT = 5


@router.get("/")
def show(request: Request, _: Operator) -> Response:
    """Show what needs attention."""
    service = current_service(request)
    workers, away = _workers(service)
    embeddings = _embeddings(service)
    with service.store.read() as session:
        counts = queries.job_counts(session)
        jobs = queries.newest_jobs(session, RECENT).jobs
    return render_page(
        request,
        "home.html",
        needs=attention.sort_by_severity([*away, *_attention_items(service, workers, embeddings)]),
        counts=counts,
        jobs=jobs,
        limit=service.settings.queue_limit,
        alive=sum(worker.status == "online" for worker in workers),
        workers=len(workers),
        covered=embeddings.coverage if embeddings else None,
    )


def _workers(service: Service) -> tuple[Sequence[WorkerState], list[AttentionItem]]:
    try:
        return workers_overview(service).workers, []
    except RedisError:
        why = "Nothing is known of the edge worker until it is back."
        return [], [AttentionItem("bad", "The edge worker's Redis does not answer", why)]


def _embeddings(service: Service) -> EmbeddingStatus | None:
    try:
        return embedding_status(service)
    except (SQLAlchemyError, ServiceError):
        return None


def _attention_items(
    service: Service, workers: Sequence[WorkerState], embeddings: EmbeddingStatus | None
) -> Iterator[AttentionItem]:
    yield from _broker_items(service)
    yield from attention.worker_items(workers)
    with service.store.read() as session:
        yield from attention.job_items(session, service.settings.queue_limit, service.clock())
        yield from attention.alert_items(session)
    if embeddings is None:
        why = "Nothing is known of their embeddings until it is back."
        yield AttentionItem("bad", "The database of the resources does not answer", why)
    else:
        yield from attention.embedding_items(embeddings)


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
