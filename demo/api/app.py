"""Puts the backend together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from prometheus_fastapi_instrumentator import Instrumentator
from sqlalchemy.exc import SQLAlchemyError

from demo.api import ingestion, sparse_embeddings
from demo.api.auth import AuthMiddleware
from demo.api.backend import Backend
from demo.api.cache import Cache
from demo.api.celery_client import Inspector, TaskQueue
from demo.api.events import EventBus, EventHooks
from demo.api.fault_middleware import FaultMiddleware
from demo.api.ingestion import PREFIX
from demo.api.loaded_models import LoadedModels, ModelUnavailable
from demo.api.modules import (
    annotations,
    auth,
    authority,
    collections,
    curation,
    graph,
    quality,
    recommendations,
    resources,
    scholarly,
    search,
    taxonomy,
)  # fmt: skip
from demo.api.monitoring import routes
from demo.api.pool_faults import PoolDeadlockMiddleware, PoolExhauster
from demo.faults.state import fault_file
from demo.settings import Settings
from demo.storage.engine import open_engine
from demo.worker.celery_app import make_sender

# Seconds that the API waits for the broker before it gives up.
BROKER_TIMEOUT = 1.5
ROUTERS = (
    annotations.router, auth.router, authority.router, collections.router, curation.router, graph.router,
    quality.router, recommendations.router, resources.router, scholarly.router, search.router,
    taxonomy.router, routes.router, ingestion.router, sparse_embeddings.router,
)  # fmt: skip


class Application(FastAPI):
    """The application; routes that a fault takes away are not in its OpenAPI document either."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        document, backend = super().openapi(), self.state.backend
        if "ingestion-missing" not in backend.faults:
            return document
        paths = {path: it for path, it in document["paths"].items() if not path.startswith(PREFIX)}
        return document | {"paths": paths}


def make_backend(settings: Settings, token: str, jwt_secret: str) -> Backend:
    """Everything that the routes share."""
    faults, celery = fault_file(settings.home), make_sender(settings, BROKER_TIMEOUT)
    engine = open_engine(settings.database_address, settings.pool_timeout)
    cache, bus = Cache(settings.cache_url), EventBus()
    queue = TaskQueue(celery, faults, settings.hook_retry_seconds)
    EventHooks(cache, queue).subscribe(bus)
    models = LoadedModels(settings.models)
    backend = Backend(
        settings, token, jwt_secret, engine, cache, bus, celery, queue, Inspector(celery), models, faults
    )
    backend.timings.watch(engine)
    return backend


def make_app(backend: Backend) -> FastAPI:
    """The application of the watched backend."""
    app = Application(title="Neo Alexandria (demo)", lifespan=_lifespan)
    app.state.backend = backend
    app.include_router(routes.health_router)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(graph.router, prefix="/api")
    app.add_exception_handler(SQLAlchemyError, _database_failed)
    app.add_exception_handler(ModelUnavailable, _model_missing)
    app.add_middleware(
        PoolDeadlockMiddleware, faults=backend.faults, address=backend.settings.database_address
    )
    app.add_middleware(FaultMiddleware, faults=backend.faults, recent=backend.recent)
    app.add_middleware(AuthMiddleware, token=backend.token, secret=backend.jwt_secret, cache=backend.cache)
    metrics = Instrumentator(
        should_group_status_codes=False,
        should_instrument_requests_inprogress=True,
        inprogress_name="neo_alexandria_inprogress",
    )
    metrics.instrument(app).expose(app, include_in_schema=False)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    backend: Backend = app.state.backend
    watching = asyncio.create_task(PoolExhauster(backend.engine, backend.faults).watch())
    yield
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    backend.engine.dispose()


async def _database_failed(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"detail": "The database does not answer"}, 503)


async def _model_missing(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 503)
