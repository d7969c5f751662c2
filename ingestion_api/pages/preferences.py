"""The levels of all signals, who changed them and why, and a form to change them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from ingestion_api.errors import BadRequest, ServiceError
from ingestion_api.notes import MAX_NOTE_LENGTH
from ingestion_api.pages.measures import ASKED, measured
from ingestion_api.pages.route import PageRoute
from ingestion_api.pages.templates import page
from ingestion_api.pages.visitor import Operator, own_form
from ingestion_api.preferences.keep import Wanted, set_back, set_levels
from ingestion_api.preferences.levels import written
from ingestion_api.preferences.overview import Overview, Standing, one, overview
from ingestion_api.service import Service, current_service

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Name = Annotated[str, Path(min_length=1, max_length=100)]
Number = Annotated[str, Form(max_length=40)]
KEEP = "keep"
LASTING = {
    "": "until it is set back",
    "1": "1 hour",
    "4": "4 hours",
    "12": "12 hours",
    "24": "1 day",
    "168": "1 week",
    "720": "30 days",
}


@dataclass(frozen=True)
class Filled:
    """What is in the form: a level for each severity as text, the reason, and for how long."""

    levels: Mapping[str, str]
    reason: str = ""
    lasting: str = ""


def _sent(
    info: Number = "",
    warning: Number = "",
    critical: Number = "",
    reason: Annotated[str, Form(max_length=MAX_NOTE_LENGTH)] = "",
    lasting: Annotated[str, Form(max_length=10)] = "",
) -> Filled:
    return Filled({"info": info, "warning": warning, "critical": critical}, reason, lasting)


Sent = Annotated[Filled, Depends(_sent)]


@router.get("/preferences")
def show(request: Request, _: Operator, signal: str = "") -> Response:
    """Show all levels, and for the signal that a link brought the form, filled in."""
    return _show(request, signal[:100])


@router.post("/preferences/{name}", dependencies=[own_form])
def change(request: Request, actor: Operator, name: Name, sent: Sent) -> Response:
    """Set the levels of a signal."""
    service = current_service(request)
    try:
        set_levels(service, name, _wanted(service, name, sent), actor)
    except ServiceError as problem:
        return _show(request, name, problem.status, problem.detail, sent)
    return RedirectResponse("/preferences?notice=levels-set", 303)


@router.post("/preferences/{name}/set-back", dependencies=[own_form])
def back(request: Request, actor: Operator, name: Name) -> Response:
    """Let the file's levels be in force again."""
    set_back(current_service(request), name, actor)
    return RedirectResponse("/preferences?notice=levels-set-back", 303)


def _wanted(service: Service, name: str, sent: Filled) -> Wanted:
    filled = {severity: text for severity, text in sent.levels.items() if text.strip()}
    levels = {severity: _number(name, severity, text) for severity, text in filled.items()}
    if sent.lasting == KEEP:
        before = one(service, name).preference
        return Wanted(levels, sent.reason, before.expires_at if before else None)
    if sent.lasting not in LASTING:
        raise BadRequest(f"It is to last {sent.lasting!r}; expected one of the times of the form.")
    lasting = timedelta(hours=int(sent.lasting)) if sent.lasting else None
    return Wanted(levels, sent.reason, service.clock() + lasting if lasting else None)


def _number(name: str, severity: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadRequest(f"{severity} of {name} is {text!r}; expected a number.") from None


def _show(
    request: Request, name: str, status: int = 200, problem: str = "", sent: Filled | None = None
) -> Response:
    found = overview(current_service(request))
    chosen = next((it for it in found.signals if it.name == name), None)
    return page(
        request,
        "preferences.html",
        status,
        found=found,
        listed=_listed(found),
        name=name,
        chosen=chosen,
        problem=problem,
        form=sent or (_as_it_is(chosen) if chosen else None),
        lasting_choices=LASTING,
        asked=ASKED,
        measured=measured,
        written=written,
    )


def _as_it_is(chosen: Standing) -> Filled:
    now = chosen.preference if chosen.is_set else None
    levels = {severity: written(level) for severity, level in chosen.in_force.items()}
    return Filled(levels, now.reason if now else "", KEEP if now and now.expires_at else "")


def _listed(found: Overview) -> dict[str, list[Standing]]:
    return {
        "set": [it for it in found.signals if it.is_set],
        "file": [it for it in found.signals if not it.is_set],
    }
