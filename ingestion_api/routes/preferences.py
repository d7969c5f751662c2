"""The levels that operators set for themselves, in place of those of thresholds.yml."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Path, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ingestion_api.access.bearer import Admin, Operator
from ingestion_api.backtest.backtest import BacktestResult, SeverityCount, moment_of
from ingestion_api.fields import Note, Rfc3339Datetime, require_number
from ingestion_api.preferences import (
    LevelOverride,
    SignalStatus,
    preferences_overview,
    remove_override,
    run_backtest,
    set_override,
    signal_status,
)
from ingestion_api.routes.examples import (
    BACKTEST,
    LEVELS,
    LEVELS_SET,
    PREFERENCES,
    SET_BACK,
    SET_LEVELS,
    with_example,
)
from ingestion_api.routes.schemas import ApiResponse, error_responses
from ingestion_api.service import current_service
from ingestion_api.signals import Severity
from ingestion_api.web.json_route import JsonRoute

router = APIRouter(prefix="/api/v1/preferences", tags=["preferences"], route_class=JsonRoute)
Name = Annotated[
    str, Path(min_length=1, max_length=100, pattern=r"^[a-z][a-z0-9_]*$", examples=["worker_queue_length"])
]


Level = Annotated[float, BeforeValidator(require_number), Field(allow_inf_nan=False)]


class LevelOverrideRequest(BaseModel):
    """The levels of one signal that are to be in force in place of the file's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [SET_LEVELS]})

    levels: dict[Severity, Level] = Field(
        description="By severity; those that are not named follow the file. Empty only with watched=false."
    )
    watched: bool = Field(default=True, strict=True, description="A signal that is not raises no alert.")
    reason: Note = ""
    expires_at: Rfc3339Datetime | None = Field(
        default=None, description="From then on the file's hold again."
    )


class LevelRangeOut(ApiResponse):
    """Between which levels an operator may choose."""

    model_config = with_example(LEVELS["range"])

    least: float
    greatest: float


class LevelOverrideOut(ApiResponse):
    """What somebody has set for a signal."""

    model_config = with_example(LEVELS_SET)

    levels: dict[Severity, float]
    set_by: str
    set_at: datetime
    reason: str
    expires_at: datetime | None
    watched: bool
    expired: bool


class SignalLevelsOut(ApiResponse):
    """One signal with the file's levels, those in force, and what somebody has set."""

    model_config = with_example(LEVELS)

    signal: str
    meaning: str
    unit: str
    direction: Literal["above", "below"]
    range: LevelRangeOut | None = Field(description="None where the levels can only be changed in the file.")
    file: dict[Severity, float]
    in_force: dict[Severity, float]
    preference: LevelOverrideOut | None

    @classmethod
    def of(cls, it: SignalStatus) -> "SignalLevelsOut":
        """The answer for a signal."""
        bounds, preference = it.signal.range, it.preference
        names = ("levels", "set_by", "set_at", "reason", "expires_at", "watched")
        told = {name: getattr(preference, name) for name in names} if preference else None
        return cls.model_validate(
            {
                "signal": it.name,
                "meaning": it.signal.meaning,
                "unit": it.signal.unit,
                "direction": it.signal.direction,
                "range": {"least": bounds[0], "greatest": bounds[1]} if bounds else None,
                "file": it.signal.given(),
                "in_force": it.in_force,
                "preference": {**told, "expired": it.expired} if told else None,
            }
        )


class PreferencesOut(ApiResponse):
    """All signals, in the order of the file."""

    model_config = with_example(PREFERENCES)

    signals: list[SignalLevelsOut]
    problem: str | None = Field(description="Why the file of the signals cannot be read, if it cannot.")


class OverrideRemovedOut(ApiResponse):
    """The levels that were set and no longer are."""

    model_config = with_example(SET_BACK)

    signal: str
    removed: dict[str, float]


@router.get("", responses=error_responses(401, 429, 503), summary="All levels")
def preferences(request: Request, _actor: Operator) -> PreferencesOut:
    """Every signal with the file's levels and those in force, and who set them, when and why."""
    found = preferences_overview(current_service(request))
    return PreferencesOut(
        signals=[SignalLevelsOut.of(it) for it in found.signals], problem=found.problem or None
    )


@router.put("/{signal}", responses=error_responses(400, 401, 404, 413, 422, 429, 503), summary="Set levels")
def put(
    request: Request, signal: Name, actor: Admin, wanted: Annotated[LevelOverrideRequest, Body()]
) -> SignalLevelsOut:
    """Put levels in force within a second or two, in place of all that was set before for this signal.

    They must lie within the range of the signal and in order; else nothing changes and 400 tells why.
    """
    service = current_service(request)
    levels = {str(severity): level for severity, level in wanted.levels.items()}
    override = LevelOverride(levels, wanted.reason, wanted.expires_at, wanted.watched)
    set_override(service, signal, override, actor)
    return SignalLevelsOut.of(signal_status(service, signal))


@router.delete(
    "/{signal}", responses=error_responses(401, 404, 422, 429, 503), summary="Set back to the file"
)
def delete(request: Request, signal: Name, actor: Admin) -> OverrideRemovedOut:
    """Let the file's levels of a signal be in force again."""
    return OverrideRemovedOut(signal=signal, removed=remove_override(current_service(request), signal, actor))


class FiringOut(ApiResponse):
    """One interval in which an alert would have fired."""

    model_config = with_example(BACKTEST["wanted"][0]["firings"][0])

    labels: dict[str, str]
    start: datetime
    end: datetime


class SeverityCountOut(ApiResponse):
    """What one level would have raised."""

    model_config = with_example(BACKTEST["wanted"][0])

    severity: Severity
    level: float | None = Field(description="None where the signal is not watched.")
    times: int
    seconds: float
    firings: list[FiringOut] = Field(description="The newest 500, in order.")


class BacktestOut(ApiResponse):
    """How often the alerts of a signal would have fired."""

    model_config = with_example(BACKTEST)

    signal: str
    sentence: str
    known_since: datetime | None = Field(description="None where nothing is recorded.")
    until: datetime
    cut: str | None = Field(description="Why older history was not read.")
    in_force: list[SeverityCountOut]
    wanted: list[SeverityCountOut]

    @classmethod
    def of(cls, signal: str, it: BacktestResult) -> "BacktestOut":
        """The answer for a result."""
        return cls(
            signal=signal,
            sentence=it.sentence,
            known_since=None if it.known_since is None else moment_of(it.known_since),
            until=moment_of(it.until),
            cut=it.cut or None,
            in_force=[_count_out(count) for count in it.in_force],
            wanted=[_count_out(count) for count in it.wanted],
        )


MAX_FIRINGS = 500


def _count_out(count: SeverityCount) -> SeverityCountOut:
    firings = [
        FiringOut(labels=dict(it.labels), start=moment_of(it.start), end=moment_of(it.end))
        for it in count.firings[-MAX_FIRINGS:]
    ]
    told = {"severity": count.severity, "level": count.level, "times": count.times}
    return SeverityCountOut.model_validate({**told, "seconds": count.seconds, "firings": firings})


class BacktestRequest(BaseModel):
    """The levels to try."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"levels": {"warning": 80}}]})

    levels: dict[Severity, Level] = Field(description="By severity, as they would be set.")
    watched: bool = Field(default=True, strict=True)


@router.post(
    "/{signal}/backtest",
    responses=error_responses(400, 401, 404, 409, 413, 422, 429, 503),
    summary="Try levels on the last 7 days",
)
def backtest(
    request: Request, signal: Name, _actor: Operator, wanted: Annotated[BacktestRequest, Body()]
) -> BacktestOut:
    """How often the alerts would have fired with these levels, and with those in force. Nothing is set.

    409 without a Prometheus; 503 while another backtest runs, or when Prometheus does not respond in time.
    """
    levels = {str(severity): level for severity, level in wanted.levels.items()}
    override = LevelOverride(levels, watched=wanted.watched)
    return BacktestOut.of(signal, run_backtest(current_service(request), signal, override))
