"""The application: routes, pages, and what every request goes through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.concurrency import run_in_threadpool

from ingestion_api.access.attempts import Attempts
from ingestion_api.access.bearer import Gate
from ingestion_api.access.tokens import Token, webhook_token
from ingestion_api.metrics.jobs import JobMetrics
from ingestion_api.metrics.requests import RequestMetrics
from ingestion_api.pages import include_pages
from ingestion_api.routes import include_routes
from ingestion_api.service import Service, assemble
from ingestion_api.settings import Settings
from ingestion_api.store.prepare import Preparation
from ingestion_api.web.body_limit import BodyLimit
from ingestion_api.web.errors import answer_errors

ABOUT = "Jobs that are never lost, sparse embeddings that really finish, and buttons that act."


def create_app(settings: Settings, service: Service | None = None) -> FastAPI:
    """The application for these settings; its tables are brought up to date once their database answers."""
    service = service or assemble(settings)
    app = FastAPI(
        title="Watchroom", description=ABOUT, version="1", lifespan=_lifespan, docs_url=None, redoc_url=None
    )
    app.state.service = service
    app.state.preparation = Preparation(service.store.engine)
    app.state.gate = gate(settings, service.operators)
    answer_errors(app)
    include_routes(app)
    include_pages(app)
    app.state.registry = CollectorRegistry()
    app.state.registry.register(JobMetrics(service))
    app.add_middleware(BodyLimit, limit=settings.body_limit)
    app.add_middleware(RequestMetrics, registry=app.state.registry)
    return app


def gate(settings: Settings, operators: Token) -> Gate:
    """Who is let in."""
    return Gate(operators, webhook_token(settings), Attempts(settings.attempts, settings.attempts_window))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    preparation: Preparation = app.state.preparation
    await run_in_threadpool(preparation.start)
    service.outbox.start()
    yield
    preparation.stop()
    service.outbox.stop()
    service.close()
