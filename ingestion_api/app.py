"""The FastAPI application: routes, pages and middleware."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, ProcessCollector
from starlette.concurrency import run_in_threadpool

from ingestion_api.access.attempt_limiter import AttemptLimiter
from ingestion_api.access.bearer import BearerAuth
from ingestion_api.access.failed_attempts import FailedAttempts
from ingestion_api.metrics.jobs import JobMetrics
from ingestion_api.metrics.requests import RequestMetrics
from ingestion_api.networks import NetworkList
from ingestion_api.pages import include_pages
from ingestion_api.prometheus_api import PrometheusApi
from ingestion_api.routes import include_routes
from ingestion_api.service import Service, make_service
from ingestion_api.settings import Settings
from ingestion_api.store.migrate import BackgroundMigration
from ingestion_api.store.write_probe import WriteProbe
from ingestion_api.web.application import Application
from ingestion_api.web.body import BodyLimitMiddleware, BodyLimits
from ingestion_api.web.errors import install_error_handlers
from ingestion_api.web.hosts import HostCheckMiddleware, allowed_hosts
from ingestion_api.web.middleware import (
    ConcurrencyLimiter,
    ForwardedMiddleware,
    HeadMiddleware,
    SecurityHeadersMiddleware,
)

DESCRIPTION = "Jobs that are never lost, sparse embeddings that really finish, and buttons that act."


def create_app(settings: Settings, service: Service | None = None) -> Application:
    """Make the application; its tables are migrated once their database responds."""
    service = service or make_service(settings)
    app = Application(
        title="Watchroom",
        description=DESCRIPTION,
        version="1",
        lifespan=_lifespan,
        # FastAPI's own would write the document anew for each request
        openapi_url=None,
    )
    app.state.service = service
    app.state.preparation = BackgroundMigration(service.store.engine)
    app.state.failed_attempts = FailedAttempts(service.store, service.clock)
    app.state.gate = make_bearer_auth(settings, service, app.state.failed_attempts)
    install_error_handlers(app)
    include_routes(app)
    include_pages(app)
    app.state.registry = CollectorRegistry()
    app.state.registry.register(JobMetrics(service))
    app.state.registry.register(ProcessCollector(registry=None))
    app.state.write_probe = WriteProbe(service.store, service.clock)
    _add_middleware(app, settings)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add the middleware; the last one added sees a request first."""
    app.add_middleware(ConcurrencyLimiter)
    limits = BodyLimits(settings.body_limit, max(settings.body_limit, settings.webhook_body_limit))
    app.add_middleware(BodyLimitMiddleware, limits=limits, seconds=settings.body_seconds)
    app.add_middleware(
        HostCheckMiddleware, allowed=allowed_hosts(settings.allowed_hosts, settings.public_url)
    )
    app.add_middleware(RequestMetrics, registry=app.state.registry)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(ForwardedMiddleware, proxies=NetworkList(settings.proxies))


def make_bearer_auth(settings: Settings, service: Service, failed: FailedAttempts) -> BearerAuth:
    """Make the check of bearer tokens."""
    attempts = AttemptLimiter(settings.attempts, settings.attempts_window)
    return BearerAuth(service.tokens, attempts, failed.record)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    preparation: BackgroundMigration = app.state.preparation
    await run_in_threadpool(preparation.start)
    service.outbox.start()
    if service.alertmanager is not None:
        service.alertmanager.start()
    if service.history is not None:
        service.history.start(PrometheusApi.at(service.settings))
    if service.retention is not None:
        service.retention.start()
    yield
    preparation.stop()
    if service.retention is not None:
        service.retention.stop()
    service.outbox.stop()
    if service.alertmanager is not None:
        service.alertmanager.stop()
    if service.history is not None:
        service.history.stop()
    app.state.failed_attempts.close()
    service.close()
