"""Sparse embeddings: how many resources have one, the run that makes more, the button that starts it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import SQLAlchemyError

from ingestion_api.embeddings.request import (
    EmbeddingStatus,
    GenerationParameters,
    embedding_status,
    request_generation,
)
from ingestion_api.encoder.factory import MODELS
from ingestion_api.errors import BadRequest, ServiceError
from ingestion_api.pages.csrf import verify_csrf
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.progress import announcement
from ingestion_api.pages.session import Operator
from ingestion_api.pages.templates import render_page
from ingestion_api.service import Service, current_service

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Selection = Literal["missing", "outdated", "named", "all"]
MAX_IDS = 10_000
DATABASE_UNAVAILABLE = "The database of the resources does not answer; nothing is known of their embeddings."


@router.get("/embeddings")
def show(
    request: Request,
    _: Operator,
    resource_ids: str = "",
    batch_size: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Show coverage, run and form, filled in with what a link brought."""
    form = {"which": "named" if resource_ids.strip() else "missing", "resource_ids": resource_ids[:100_000]}
    if batch_size.isascii() and batch_size.isdigit():
        form["batch_size"] = batch_size
    return _show(request, form=form)


@router.post("/embeddings", dependencies=[verify_csrf])
def generate(
    request: Request,
    actor: Operator,
    which: Annotated[Selection, Form()] = "missing",
    resource_ids: Annotated[str, Form(max_length=800_000)] = "",
    batch_size: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Start a run and come back to watch it."""
    service = current_service(request)
    try:
        request_generation(service, _generation_request(service, which, resource_ids, batch_size), actor)
    except ServiceError as problem:
        form = {"which": which, "resource_ids": resource_ids, "batch_size": batch_size}
        return _show(request, problem.status, problem.detail, form)
    return RedirectResponse("/embeddings?notice=generating", 303)


def _generation_request(
    service: Service, which: Selection, resource_ids: str, batch_size: str
) -> GenerationParameters:
    size = batch_size or str(service.settings.batch_size)
    if not (size.isascii() and size.isdigit() and 1 <= int(size) <= 10_000):
        raise BadRequest(f"The batch size is {size!r}; expected a whole number from 1 to 10000.")
    if which != "named":
        return GenerationParameters(None, int(size), rebuild=which == "all", outdated=which == "outdated")
    ids = tuple(dict.fromkeys(resource_ids.replace(",", " ").split()))
    if not 0 < len(ids) <= MAX_IDS or any(len(each) > 64 or not each.isprintable() for each in ids):
        raise BadRequest(f"Enter 1 to {MAX_IDS} resource ids, separated by commas or spaces.")
    return GenerationParameters(ids, int(size))


def _show(
    request: Request, status: int = 200, problem: str = "", form: dict[str, Any] | None = None
) -> Response:
    service = current_service(request)
    found, away = _status(service)
    filled = {
        "which": "missing",
        "resource_ids": "",
        "batch_size": service.settings.batch_size,
        **(form or {}),
    }
    shown = found.active or found.last if found else None
    encoder = MODELS.get(service.settings.encoder, service.settings.encoder)
    return render_page(
        request,
        "embeddings.html",
        status,
        problem=problem,
        found=found,
        away=away,
        encoder=encoder,
        outdated=found.coverage.outdated(encoder) if found else {},
        announcement=announcement(shown) if shown else "",
        **filled,
    )


def _status(service: Service) -> tuple[EmbeddingStatus | None, str]:
    try:
        return embedding_status(service), ""
    except SQLAlchemyError:
        return None, DATABASE_UNAVAILABLE
    except ServiceError as problem:
        return None, problem.detail
