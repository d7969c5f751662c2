"""How noisy the alerts were, week by week."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from ingestion_api.alerts.noise import MAX_WEEKS, csv_lines, noise_report
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Operator
from ingestion_api.pages.templates import render_page
from ingestion_api.service import current_service

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Weeks = Annotated[int, Query(ge=1, le=MAX_WEEKS)]
CHOICES = (1, 4, 12, 52)


@router.get("/noise")
def show_noise(request: Request, _: Operator, weeks: Weeks = 4) -> Response:
    """Show the report, the newest week first."""
    service = current_service(request)
    with service.store.read() as session:
        rows = noise_report(session, service.clock(), weeks)
    by_week = [(week, [*its]) for week, its in groupby(rows, key=lambda it: it.week)]
    return render_page(request, "noise.html", by_week=by_week, weeks=weeks, choices=CHOICES)


@router.get("/noise.csv")
def download_noise(request: Request, _: Operator, weeks: Weeks = 4) -> Response:
    """Take the report home."""
    service = current_service(request)
    with service.store.read() as session:
        rows = noise_report(session, service.clock(), weeks)
    headers = {"Content-Disposition": 'attachment; filename="noise.csv"'}
    return StreamingResponse(csv_lines(rows), media_type="text/csv", headers=headers)
