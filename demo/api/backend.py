"""What every route of the backend shares."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from celery import Celery
from fastapi import Depends, Request
from sqlalchemy import Engine

from demo.api.cache import Cache
from demo.api.events import EventBus
from demo.api.inspection import Inspector
from demo.api.loaded_models import LoadedModels
from demo.api.queueing import TaskQueue
from demo.api.recent import RecentAnswers
from demo.api.timings import Timings
from demo.faults.state import FaultFile
from demo.settings import Settings


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
    recent: RecentAnswers = field(default_factory=RecentAnswers)
    timings: Timings = field(default_factory=Timings)

    @property
    def models_folder(self) -> Path:
        """Where the model files lie."""
        return self.settings.models


def backend_of(request: Request) -> Backend:
    """The backend that answers this request."""
    found: Backend = request.app.state.backend
    return found


TheBackend = Annotated[Backend, Depends(backend_of)]
