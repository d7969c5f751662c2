"""How noisy the alerts were, as JSON and as CSV."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from ingestion_api.access.bearer import Operator
from ingestion_api.alerts.noise import MAX_WEEKS, USUAL_WEEKS, AlertNoise, csv_rows
from ingestion_api.routes.examples import NOISE, NOISE_REPORT, with_example
from ingestion_api.routes.schemas import ApiResponse, Responses, error_responses
from ingestion_api.service import current_service
from ingestion_api.web.downloads import csv_piece_download
from ingestion_api.web.json_route import JsonRoute

router = APIRouter(prefix="/api/v1", tags=["alerts"], route_class=JsonRoute)
Weeks = Annotated[int, Query(ge=1, le=MAX_WEEKS, description="This week and those before.")]
CSV: Responses = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


class AlertNoiseOut(ApiResponse):
    """One alert of one severity in one week."""

    model_config = with_example(NOISE)

    week: date = Field(description="The Monday on which the week begins, in UTC.")
    alert: str
    severity: str
    times: int = Field(description="Incidents that began in the week.")
    minutes: float = Field(description="For how long it fired in the week.")
    acknowledged: int
    shortest_seconds: float | None
    flapping: int = Field(description="Incidents that began within 10 minutes of the end of the one before.")

    @classmethod
    def of(cls, it: AlertNoise) -> "AlertNoiseOut":
        """The answer for a row."""
        same = {
            name: getattr(it, name) for name in ("alert", "severity", "times", "acknowledged", "flapping")
        }
        rest = {"minutes": round(it.minutes, 3), "shortest_seconds": it.shortest}
        return cls.model_validate({"week": it.week.date(), **same, **rest})


class NoiseReportOut(ApiResponse):
    """The newest week first, in it the alerts that nobody acted on."""

    model_config = with_example(NOISE_REPORT)

    rows: list[AlertNoiseOut]


@router.get("/noise", responses=error_responses(401, 422, 429, 503), summary="Noise of the alerts by week")
def noise(request: Request, _actor: Operator, weeks: Weeks = USUAL_WEEKS) -> NoiseReportOut:
    """How often each alert fired, for how long, and whether anybody acted on it; at most ten minutes old."""
    rows = current_service(request).noise.read(weeks)
    return NoiseReportOut(rows=[AlertNoiseOut.of(it) for it in rows])


@router.get(
    "/noise.csv",
    responses={**CSV, **error_responses(401, 422, 429, 503)},
    response_class=StreamingResponse,
    summary="The same as CSV",
)
def noise_csv(request: Request, _actor: Operator, weeks: Weeks = USUAL_WEEKS) -> StreamingResponse:
    """Cells that begin like a formula have an apostrophe before them."""
    report = current_service(request).noise.read(weeks)
    return csv_piece_download([csv_rows(report)], "noise.csv")
