"""The workers: a picture of their heartbeats, and a table that says the same."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from ingestion_api.pages.orbits import orbits
from ingestion_api.pages.route import PageRoute
from ingestion_api.pages.templates import page
from ingestion_api.pages.visitor import Operator
from ingestion_api.service import Service, service_of
from ingestion_api.workers.status import Seen, Silence, all_seen

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/workers")
def show(request: Request, _: Operator) -> Response:
    """Show every worker heard of lately."""
    service = service_of(request)
    workers = seen(service)
    alive = sum(worker.status == "online" for worker in workers)
    return page(
        request,
        "workers.html",
        workers=workers,
        alive=alive,
        orbits=orbits(workers),
        settings=service.settings,
    )


def seen(service: Service) -> list[Seen]:
    """Return the workers with what their silence says."""
    settings = service.settings
    silence = Silence(timedelta(seconds=settings.degraded_after), timedelta(seconds=settings.offline_after))
    with service.store.read() as session:
        return all_seen(session, silence, service.clock())
