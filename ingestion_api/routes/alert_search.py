"""Search the incidents: pages, counts, and all of them as a file."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from ingestion_api.access.bearer import Operator
from ingestion_api.alerts.alert_query import AlertQuery
from ingestion_api.alerts.counts import AlertCounts
from ingestion_api.alerts.export import csv_pieces, read_pieces
from ingestion_api.alerts.filters import MAX_TEXTS, is_search_partial
from ingestion_api.alerts.queries import PAGE_SIZE, Order, PageRequest, list_alerts
from ingestion_api.routes.alert_schemas import AlertOut
from ingestion_api.routes.examples import ALERT_COUNTS, ALERTS, with_example
from ingestion_api.routes.schemas import ApiResponse, Responses, error_responses
from ingestion_api.service import current_service
from ingestion_api.store.tables import Alert
from ingestion_api.web.downloads import csv_piece_download, json_download

router = APIRouter(prefix="/api/v1", tags=["alerts"])
Wanted = Annotated[AlertQuery, Query()]
CSV: Responses = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
CURSOR = r"^((newest|gravest|longest)(~[a-z0-9.+-]+){2,3})?$"
PARTIAL = Field(description=f"Whether there are more than the {MAX_TEXTS} texts that a search reads.")


class AlertList(ApiResponse):
    """One page of incidents."""

    model_config = with_example(ALERTS)

    alerts: list[AlertOut]
    next_cursor: str | None = Field(default=None, description="Ask with before=<it> for the next page.")
    search_is_partial: bool = PARTIAL


class AlertCountsOut(ApiResponse):
    """How many incidents there are, each counted once in each of the three."""

    model_config = with_example(ALERT_COUNTS)

    total: int
    by_status: dict[str, int]
    by_severity: dict[str, int]
    by_module: dict[str, int] = Field(description="The most first; the empty name is that of no module.")
    firing_acknowledged: int
    search_is_partial: bool = PARTIAL

    @classmethod
    def of(cls, counts: AlertCounts, *, partial: bool) -> "AlertCountsOut":
        """The answer for these counts."""
        return cls.model_validate({**vars(counts), "search_is_partial": partial})


class AlertExportOut(ApiResponse):
    """All incidents of a filter."""

    model_config = with_example({"alerts": ALERTS["alerts"]})

    alerts: list[AlertOut]


class ListQuery(AlertQuery):
    """A filter, an order and a page."""

    order: Order = Field(default="newest", description="By start, by severity or by length.")
    limit: int = Field(default=PAGE_SIZE, ge=1, le=500)
    before: str = Field(
        default="", max_length=200, pattern=CURSOR, description="next_cursor of the page before."
    )


@router.get("/alerts", responses=error_responses(400, 401, 422, 429, 503), summary="Alerts, page by page")
def alerts(request: Request, _actor: Operator, wanted: Annotated[ListQuery, Query()]) -> AlertList:
    """Active and past incidents; gravest are those that fire and that nobody takes care of."""
    service, chosen = current_service(request), wanted.filter()
    asked = PageRequest(wanted.order, service.clock(), wanted.limit, wanted.before)
    with service.store.read() as session:
        page = list_alerts(session, chosen, asked)
        return AlertList(
            alerts=[AlertOut.of(alert) for alert in page.alerts],
            next_cursor=page.next_cursor,
            search_is_partial=is_search_partial(session, chosen),
        )


@router.get(
    "/alerts/counts", responses=error_responses(400, 401, 422, 429, 503), summary="How many alerts there are"
)
def counts(request: Request, _actor: Operator, wanted: Wanted) -> AlertCountsOut:
    """The incidents of a filter by state, severity and module; very many that ended as of a second ago."""
    service, chosen = current_service(request), wanted.filter()
    with service.store.read() as session:
        partial = is_search_partial(session, chosen)
    return AlertCountsOut.of(service.alert_counter.count_alerts(chosen), partial=partial)


@router.get(
    "/alerts.csv",
    responses={**CSV, **error_responses(400, 401, 422, 429, 503)},
    response_class=StreamingResponse,
    summary="All alerts of a filter as CSV",
)
def alerts_csv(request: Request, _actor: Operator, wanted: Wanted) -> StreamingResponse:
    """Newest first, with no limit. Cells that begin like a formula have an apostrophe before them."""
    pieces = read_pieces(current_service(request).store, wanted.filter())
    return csv_piece_download(csv_pieces(pieces), "alerts.csv")


@router.get(
    "/alerts.json",
    responses={200: {"model": AlertExportOut}, **error_responses(400, 401, 422, 429, 503)},
    response_class=StreamingResponse,
    summary="All alerts of a filter as JSON",
)
def alerts_json(request: Request, _actor: Operator, wanted: Wanted) -> StreamingResponse:
    """Newest first, with no limit."""
    pieces = read_pieces(current_service(request).store, wanted.filter())
    return json_download("alerts", json_pieces(pieces), "alerts.json")


def json_pieces(pieces: Iterator[Sequence[Alert]]) -> Iterator[list[str]]:
    """Each incident as the list shows it."""
    for piece in pieces:
        yield [AlertOut.of(alert).model_dump_json() for alert in piece]
