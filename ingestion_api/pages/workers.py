"""The workers: a picture of their heartbeats, and a table that says the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Operator
from ingestion_api.pages.templates import render_page
from ingestion_api.service import current_service
from ingestion_api.workers import ONLINE, WorkerState, workers_overview

PER_RING = 6
_FIRST_RADIUS = 62
_RING_WIDTH = 38
router = APIRouter(route_class=PageRoute, include_in_schema=False)


@dataclass(frozen=True)
class OrbitPosition:
    """One worker's place: the ring's radius, where on it the worker starts, in degrees."""

    worker: WorkerState
    label: str
    radius: int
    angle: int


def orbit_positions(workers: Sequence[WorkerState]) -> list[OrbitPosition]:
    """Return the places of the workers, six on a ring."""
    return [_orbit(index, worker, len(workers)) for index, worker in enumerate(workers)]


def _orbit(index: int, worker: WorkerState, total: int) -> OrbitPosition:
    ring, place = divmod(index, PER_RING)
    on_this_ring = min(PER_RING, total - ring * PER_RING)
    angle = 360 * place // on_this_ring + 25 * ring - 60
    return OrbitPosition(worker, str(index + 1), _FIRST_RADIUS + _RING_WIDTH * ring, angle)


@router.get("/workers")
def show(request: Request, _: Operator) -> Response:
    """Show every worker with a recent heartbeat."""
    service = current_service(request)
    found = workers_overview(service)
    return render_page(
        request,
        "workers.html",
        workers=found.workers,
        words=found.status_text,
        alive=sum(worker.status == ONLINE for worker in found.workers),
        orbits=orbit_positions(found.workers),
        settings=service.settings,
    )
