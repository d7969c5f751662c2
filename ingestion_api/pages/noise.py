"""How noisy the alerts were, week by week."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ingestion_api.alerts.noise import MAX_WEEKS, USUAL_WEEKS, csv_rows
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Operator
from ingestion_api.pages.templates import render_page
from ingestion_api.service import current_service
from ingestion_api.web.downloads import csv_piece_download

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Weeks = Annotated[int, Query(ge=1, le=MAX_WEEKS)]
CHOICES = (1, 4, 12, 52)


@router.get("/noise")
def show_noise(request: Request, _: Operator, weeks: Weeks = USUAL_WEEKS) -> Response:
    """Show the report, the newest week first."""
    rows = current_service(request).noise.read(weeks)
    by_week = [(week, [*its]) for week, its in groupby(rows, key=lambda it: it.week)]
    return render_page(request, "noise.html", by_week=by_week, weeks=weeks, choices=CHOICES)


@router.get("/noise.csv")
def download_noise(request: Request, _: Operator, weeks: Weeks = USUAL_WEEKS) -> Response:
    """Take the report home."""
    report = current_service(request).noise.read(weeks)
    return csv_piece_download([csv_rows(report)], "noise.csv")
