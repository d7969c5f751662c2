"""The levels of all signals, who changed them and why, and a form to change them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from ingestion_api.errors import BadRequest, Conflict, ServiceError, Unavailable
from ingestion_api.fields import MAX_NOTE_LENGTH
from ingestion_api.pages.backtest_chart import BacktestChart, make_chart
from ingestion_api.pages.csrf import verify_csrf
from ingestion_api.pages.formatting import INPUT_UNITS, format_value
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Admin, Operator
from ingestion_api.pages.templates import render_page
from ingestion_api.preferences import (
    LevelOverride,
    PreferencesOverview,
    SignalStatus,
    format_level,
    preferences_overview,
    remove_override,
    run_backtest,
    set_override,
    signal_status,
)
from ingestion_api.service import Service, current_service

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Name = Annotated[str, Path(min_length=1, max_length=100)]
Number = Annotated[str, Form(max_length=40)]
KEEP = "keep"
DURATIONS = {
    "": "until it is set back",
    "1": "1 hour",
    "4": "4 hours",
    "12": "12 hours",
    "24": "1 day",
    "168": "1 week",
    "720": "30 days",
}


@dataclass(frozen=True)
class FormValues:
    """What is in the form: a level for each severity as text, the reason, and for how long."""

    levels: Mapping[str, str]
    reason: str = ""
    lasting: str = ""
    unwatched: str = ""


def _form_levels(info: Number = "", warning: Number = "", critical: Number = "") -> dict[str, str]:
    return {"info": info, "warning": warning, "critical": critical}


def _form_values(
    levels: Annotated[dict[str, str], Depends(_form_levels)],
    reason: Annotated[str, Form(max_length=MAX_NOTE_LENGTH)] = "",
    lasting: Annotated[str, Form(max_length=10)] = "",
    unwatched: Annotated[str, Form(max_length=3)] = "",
) -> FormValues:
    return FormValues(levels, reason, lasting, unwatched)


SentForm = Annotated[FormValues, Depends(_form_values)]


@router.get("/preferences")
def show(request: Request, _: Operator, signal: str = "") -> Response:
    """Show all levels, and for the signal that a link brought the form, filled in."""
    return _show(request, signal[:100])


@router.post("/preferences/{name}", dependencies=[verify_csrf])
def save_levels(request: Request, actor: Admin, name: Name, sent: SentForm) -> Response:
    """Set the levels of a signal."""
    service = current_service(request)
    try:
        set_override(service, name, _level_override(service, name, sent), actor)
    except ServiceError as problem:
        return _show(request, name, Outcome(problem.status, problem.detail, sent))
    return RedirectResponse("/preferences?notice=levels-set", 303)


@router.post("/preferences/{name}/backtest", dependencies=[verify_csrf])
def try_levels(request: Request, _: Operator, name: Name, sent: SentForm) -> Response:
    """Show how often the alerts would have fired with these levels; nothing is set."""
    service = current_service(request)
    try:
        chart = make_chart(run_backtest(service, name, _level_override(service, name, sent)))
    except (Conflict, Unavailable) as error:
        return _show(request, name, Outcome(sent=sent, no_backtest=error.detail))
    except ServiceError as problem:
        return _show(request, name, Outcome(problem.status, problem.detail, sent))
    return _show(request, name, Outcome(sent=sent, chart=chart))


@router.post("/preferences/{name}/set-back", dependencies=[verify_csrf])
def reset_levels(request: Request, actor: Admin, name: Name) -> Response:
    """Let the file's levels be in force again."""
    remove_override(current_service(request), name, actor)
    return RedirectResponse("/preferences?notice=levels-set-back", 303)


def _level_override(service: Service, name: str, sent: FormValues) -> LevelOverride:
    filled = {severity: text for severity, text in sent.levels.items() if text.strip()}
    levels = {severity: _number(name, severity, text) for severity, text in filled.items()}
    return LevelOverride(levels, sent.reason, _until(service, name, sent.lasting), not sent.unwatched)


def _until(service: Service, name: str, lasting: str) -> datetime | None:
    """When the override ends; None where it lasts until it is set back."""
    if lasting == KEEP:
        before = signal_status(service, name).preference
        return before.expires_at if before else None
    if lasting not in DURATIONS:
        raise BadRequest(f"Duration is {lasting!r}; expected one of the listed values.")
    return service.clock() + timedelta(hours=int(lasting)) if lasting else None


def _number(name: str, severity: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadRequest(f"{severity} of {name} is {text!r}; expected a number.") from None


@dataclass(frozen=True)
class Outcome:
    """What became of the form that was sent: a problem, a backtest, or why there is none."""

    status: int = 200
    problem: str = ""
    sent: FormValues | None = None
    chart: BacktestChart | None = None
    no_backtest: str = ""


NOTHING_SENT = Outcome()


def _show(request: Request, name: str, it: Outcome = NOTHING_SENT) -> Response:
    service = current_service(request)
    found = preferences_overview(service)
    chosen = next((it for it in found.signals if it.name == name), None)
    return render_page(
        request,
        "preferences.html",
        it.status,
        found=found,
        listed=_signals_by_unit(found),
        name=name,
        chosen=chosen,
        problem=it.problem,
        chart=it.chart,
        no_backtest=it.no_backtest,
        has_history=service.backtests.is_configured,
        form=it.sent or (_current_values(chosen) if chosen else None),
        lasting_choices=DURATIONS,
        asked=INPUT_UNITS,
        measured=format_value,
        written=format_level,
    )


def _current_values(chosen: SignalStatus) -> FormValues:
    now = chosen.preference if chosen.is_set else None
    levels = {severity: format_level(level) for severity, level in chosen.in_force.items()}
    unwatched = "" if chosen.watched else "yes"
    return FormValues(levels, now.reason if now else "", KEEP if now and now.expires_at else "", unwatched)


def _signals_by_unit(found: PreferencesOverview) -> dict[str, list[SignalStatus]]:
    return {
        "set": [it for it in found.signals if it.is_set],
        "file": [it for it in found.signals if not it.is_set],
    }
