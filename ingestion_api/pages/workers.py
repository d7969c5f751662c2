"""The workers: a picture of their heartbeats, and a table that says the same."""

from fastapi import APIRouter, Request, Response

from ingestion_api.pages.orbits import orbit_positions
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.templates import render_page
from ingestion_api.pages.visitor import Operator
from ingestion_api.service import current_service
from ingestion_api.workers import ONLINE, workers_overview

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/workers")
def show(request: Request, _: Operator) -> Response:
    """Show every worker heard of lately."""
    service = current_service(request)
    found = workers_overview(service)
    return render_page(
        request,
        "workers.html",
        workers=found.workers,
        words=found.words,
        alive=sum(worker.status == ONLINE for worker in found.workers),
        orbits=orbit_positions(found.workers),
        settings=service.settings,
    )
