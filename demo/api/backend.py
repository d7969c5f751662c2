"""What every route of the backend shares."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from celery import Celery
from fastapi import Depends, HTTPException, Request
from sqlalchemy import Connection, Engine, Table, select

from demo.api.cache import Cache
from demo.api.celery_client import Inspector, TaskQueue
from demo.api.events import EventBus
from demo.api.loaded_models import LoadedModels
from demo.api.performance import RecentResponses, Timings
from demo.faults.state import FaultFile
from demo.settings import Settings

PREFIXES = {
    "/annotations": "annotations", "/api/auth": "auth", "/authority": "authority",
    "/collections": "collections", "/curation": "curation", "/graph": "graph", "/api/graph": "graph",
    "/api/monitoring": "monitoring", "/quality": "quality", "/recommendations": "recommendations",
    "/resources": "resources", "/scholarly": "scholarly", "/search": "search", "/taxonomy": "taxonomy",
}  # fmt: skip
PUBLIC = (
    "/docs", "/openapi.json", "/redoc", "/api/monitoring/health", "/api/v1/ingestion/health",
    "/api/v1/ingestion/worker/status", "/api/v1/ingestion/jobs/history", "/auth/", "/api/auth/",
)  # fmt: skip


@dataclass(frozen=True)
class Backend:
    """The parts that routes, hooks and reports work with; one for each API process."""

    settings: Settings
    token: str
    jwt_secret: str
    engine: Engine
    cache: Cache
    bus: EventBus
    celery: Celery
    queue: TaskQueue
    inspector: Inspector
    models: LoadedModels
    faults: FaultFile
    recent: RecentResponses = field(default_factory=RecentResponses)
    timings: Timings = field(default_factory=Timings)

    @property
    def models_folder(self) -> Path:
        """Where the model files lie."""
        return self.settings.models


def get_backend(request: Request) -> Backend:
    """The backend that answers this request."""
    found: Backend = request.app.state.backend
    return found


TheBackend = Annotated[Backend, Depends(get_backend)]


def get_row(db: Connection, table: Table, key: str) -> dict[str, Any]:
    """The row with this id; raises 404 naming the table if there is none."""
    found = db.execute(select(table).where(table.c.id == key)).mappings().first()
    if found is None:
        raise HTTPException(404, f"No row with id {key[:40]} in {table.name}")
    return dict(found)


def module_of(path: str) -> str | None:
    """The module that answers this path, or None for paths of no module."""
    for prefix, module in PREFIXES.items():
        if path == prefix or path.startswith(prefix + "/"):
            return module
    return None


def is_public(path: str) -> bool:
    """Whether the path is answered without a token."""
    return path.startswith(PUBLIC)
