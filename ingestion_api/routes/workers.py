"""What the workers do, and whether the service can do its own work."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from ingestion_api.disk import data_folders, disk_shortage, scratch_folder
from ingestion_api.errors import Unavailable
from ingestion_api.routes.examples import HEALTH, WORKER, WORKER_STATUS, with_example
from ingestion_api.routes.probes import check_database
from ingestion_api.routes.schemas import ApiResponse, error_responses
from ingestion_api.service import Service, current_service
from ingestion_api.web.json_route import JsonRoute
from ingestion_api.workers import workers_overview

NO_QUEUE = "not configured"

router = APIRouter(prefix="/api/v1/ingestion", tags=["workers"], route_class=JsonRoute)
HEALTHY = "healthy"


class WorkerOut(ApiResponse):
    """A worker, by its last heartbeat."""

    model_config = with_example(WORKER)

    id: str
    type: Literal["cloud", "edge"]
    host: str
    status: Literal["online", "degraded", "offline"]
    last_heartbeat: datetime | None = Field(description="None where a worker has no heartbeat at all.")
    gpu_available: bool
    gpu: list[dict[str, Any]]
    queues: list[str]
    job_ids: list[int] = Field(description="The jobs it works on.")
    broker_lost_at: datetime | None = Field(
        None, description="Since when it has not heard its broker, so that it takes no jobs."
    )


class WorkerStatusOut(ApiResponse):
    """What the workers do, in one line and one by one."""

    model_config = with_example(WORKER_STATUS)

    status: str = Field(
        description="Idle, Training Graph on <url>, Error: <text> or Offline.", examples=["Idle"]
    )
    active_workers: int
    worker_health: Literal["healthy", "degraded", "offline"]
    workers: list[WorkerOut]


class HealthOut(ApiResponse):
    """Whether the service can do its own work, and why not."""

    model_config = with_example(HEALTH)

    status: Literal["healthy", "unhealthy"]
    services: dict[str, str] = Field(
        examples=[{"database": "healthy", "redis": "healthy", "disk": "healthy", "workers": "healthy"}]
    )


@router.get("/worker/status", responses=error_responses(503), summary="What the workers do")
def worker_status(request: Request) -> WorkerStatusOut:
    """The contract's word for the whole, and each worker by its last heartbeat."""
    found = workers_overview(current_service(request))
    workers = [
        WorkerOut(
            id=worker.id,
            type="edge" if worker.type == "edge" else "cloud",
            host=worker.host,
            status=worker.status,
            last_heartbeat=worker.last_heartbeat,
            gpu_available=worker.gpu_available,
            gpu=list(worker.gpu),
            queues=list(worker.queues),
            job_ids=list(worker.job_ids),
            broker_lost_at=worker.broker_lost_at,
        )
        for worker in found.workers
    ]
    return WorkerStatusOut(
        status=found.status_text, active_workers=found.active, worker_health=found.health, workers=workers
    )


@router.get("/health", responses={503: {"model": HealthOut}}, summary="Can the service do its work")
def health(request: Request) -> JSONResponse:
    """Ask the database, the queue and the disks; 503 when one of them is not as it must be."""
    services = _services(request)
    needed = (services["database"], services["redis"], services["disk"])
    healthy = all(state in (HEALTHY, NO_QUEUE) for state in needed)
    body = HealthOut(status="healthy" if healthy else "unhealthy", services=services)
    return JSONResponse(body.model_dump(), 200 if healthy else 503)


def _services(request: Request) -> dict[str, str]:
    service = current_service(request)
    found = {
        "database": _service_state(lambda: check_database(request)),
        "redis": _service_state(lambda: _ping_queue(service)),
        "disk": _service_state(lambda: _check_disks(service)),
        "workers": "unknown",
    }
    if service.edge is None and not service.broker.is_configured:
        found["redis"] = NO_QUEUE
    if found["database"] == HEALTHY and found["redis"] == HEALTHY:
        found["workers"] = workers_overview(service).health
    return found


def _service_state(question: Callable[[], None]) -> str:
    try:
        question()
    except Unavailable as error:
        return f"unhealthy: {error.detail}"
    except Exception as error:  # noqa: BLE001 - whatever is wrong, it is not healthy
        return f"unhealthy: {type(error).__name__}"
    return HEALTHY


def _check_disks(service: Service) -> None:
    settings = service.settings
    folders = (*data_folders(settings), scratch_folder(settings))
    if full := disk_shortage(folders, settings.min_free_bytes):
        raise Unavailable(full)


def _ping_queue(service: Service) -> None:
    if service.edge is not None:
        service.edge.check()
    else:
        service.broker.check()
