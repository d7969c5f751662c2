"""Who changed what."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from ingestion_api.access.bearer import Admin
from ingestion_api.audit import audit_rows
from ingestion_api.routes.examples import CHANGE, CHANGES, with_example
from ingestion_api.routes.schemas import ApiResponse, error_responses
from ingestion_api.service import current_service
from ingestion_api.store.tables.base import MAX_ID
from ingestion_api.web.json_route import JsonRoute

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], route_class=JsonRoute)


Action = Annotated[str | None, Query(min_length=1, max_length=64, pattern=r"^[a-z_]+$", examples=["ingest"])]


class AuditEntryOut(ApiResponse):
    """One change."""

    model_config = with_example(CHANGE)

    id: int
    at: datetime
    actor: str
    address: str
    action: str
    subject: str
    details: dict[str, Any]


class AuditLog(ApiResponse):
    """Changes, newest first."""

    model_config = with_example(CHANGES)

    changes: list[AuditEntryOut]
    next_cursor: int | None = Field(default=None, description="Ask with before=<it> for the next page.")


@router.get("", responses=error_responses(401, 422, 429, 503), summary="The audit log")
def audit_log(
    request: Request,
    _actor: Admin,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    before: Annotated[int | None, Query(ge=1, le=MAX_ID, examples=[9])] = None,
    action: Action = None,
) -> AuditLog:
    """Every change that was made through the service, and wrong tokens (`sign_in_failed`)."""
    with current_service(request).store.read() as session:
        found = audit_rows(session, limit + 1, before, action)
        changes = [
            AuditEntryOut.model_validate({name: getattr(row, name) for name in AuditEntryOut.model_fields})
            for row in found[:limit]
        ]
    return AuditLog(changes=changes, next_cursor=changes[-1].id if len(found) > limit else None)
