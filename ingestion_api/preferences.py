"""The levels that operators set in place of those of the file, and which are in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.audit import record_change
from ingestion_api.backtest.backtest import BacktestResult
from ingestion_api.errors import BadRequest, NotFound, Unavailable
from ingestion_api.fields import to_one_line
from ingestion_api.service import Service
from ingestion_api.signals import Signal
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Preference

MAX_DURATION = timedelta(days=3660)


def levels_error(name: str, signal: Signal, wanted: Mapping[str, float]) -> str:
    """Why these levels may not be set, in one sentence; empty where they may."""
    known = " or ".join(signal.given())
    if signal.range is None:
        return f"{name} has no range in thresholds.yml; its levels can only be changed in that file."
    if not wanted:
        return f"No level of {name} is given; expected {known}."
    for severity, level in wanted.items():
        if severity not in signal.given():
            return f"{name} has no level {severity!r}; expected {known}."
        if not _is_within_bounds(signal, level):
            least, greatest = map(format_level, signal.range)
            return f"{severity} of {name} is {format_level(level)}; expected {least} to {greatest}."
    return _order_error(name, signal, {**signal.given(), **wanted})


def levels_in_force(signal: Signal, wanted: Mapping[str, float]) -> dict[str, float]:
    """The level of each severity: the one that was set where it may be, else the file's."""
    return {
        severity: wanted[severity]
        if severity in wanted and _is_within_bounds(signal, wanted[severity])
        else level
        for severity, level in signal.given().items()
    }


def format_level(level: float) -> str:
    """A level as people write it: 100, not 100.0."""
    return f"{level:.10g}"


def _is_within_bounds(signal: Signal, level: float) -> bool:
    return signal.range is not None and signal.range[0] <= level <= signal.range[1]


def _order_error(name: str, signal: Signal, levels: Mapping[str, float]) -> str:
    above = signal.direction == "above"
    for (mild, low), (severe, high) in pairwise(levels.items()):
        if low >= high if above else low <= high:
            side = "less" if above else "more"
            return (
                f"{mild} of {name} is {format_level(low)}, beyond its {severe} {format_level(high)}; "
                f"expected {side} than that."
            )
    return ""


@dataclass(frozen=True)
class LevelOverride:
    """The levels that somebody wants, why, and until when; severities that are not named follow the file.

    A signal that is not `watched` raises no alert."""

    levels: Mapping[str, float]
    reason: str = ""
    expires_at: datetime | None = None
    watched: bool = True


def override_error(name: str, signal: Signal, wanted: LevelOverride) -> str:
    """Why this may not be set, in one sentence; a signal without any level may only cease to be watched."""
    return "" if not wanted.watched and not wanted.levels else levels_error(name, signal, wanted.levels)


def set_override(service: Service, name: str, wanted: LevelOverride, actor: Actor) -> None:
    """Let these levels be in force; NotFound, BadRequest or Unavailable with the reason why not."""
    signal, now = find_signal(service, name), service.clock()
    if problem := override_error(name, signal, wanted) or _expiry_error(wanted.expires_at, now):
        raise BadRequest(problem)
    row = _override_row(name, signal, wanted, actor, now)
    with service.store.write() as session:
        take_advisory_lock(session, "preferences")
        before = session.get(Preference, name)
        if row.levels or not row.watched:
            session.merge(row)
        elif before is not None:
            session.delete(before)
        until = row.expires_at.isoformat() if row.expires_at else None
        details: dict[str, Any] = {"levels": row.levels, "reason": row.reason, "until": until}
        if not row.watched:
            details["watched"] = False
        record_change(session, actor, "set_levels", name, now, before=_levels(before), **details)


def remove_override(service: Service, name: str, actor: Actor) -> dict[str, float]:
    """Let the file's levels be in force again; those that were set, or NotFound for an unknown signal."""
    with service.store.write() as session:
        take_advisory_lock(session, "preferences")
        row = session.get(Preference, name)
        if row is not None:
            session.delete(row)
            record_change(session, actor, "set_back_levels", name, service.clock(), before=dict(row.levels))
            return dict(row.levels)
    find_signal(service, name)
    return {}


def active_overrides(session: Session, now: datetime) -> dict[str, dict[str, float]]:
    """The levels that were set and still apply, by signal."""
    rows = session.scalars(select(Preference).where(_applies(now)).order_by(Preference.signal))
    return {row.signal: dict(row.levels) for row in rows}


def unwatched_signals(session: Session, now: datetime) -> list[str]:
    """The signals that raise no alert at present."""
    query = select(Preference.signal).where(Preference.watched.is_(False), _applies(now))
    return list(session.scalars(query.order_by(Preference.signal)))


def _applies(now: datetime) -> ColumnElement[bool]:
    return or_(Preference.expires_at.is_(None), Preference.expires_at > now)


def find_signal(service: Service, name: str) -> Signal:
    """The signal of this name; NotFound when there is none, Unavailable while none are known."""
    known = service.signals.known()
    if name in known.signals:
        return known.signals[name]
    if known.problem:
        raise Unavailable(f"The signals are not known: {known.problem}")
    raise NotFound(f"There is no signal {name!r}; expected one of thresholds.yml.")


def _expiry_error(expires_at: datetime | None, now: datetime) -> str:
    if expires_at is None or now < expires_at <= now + MAX_DURATION:
        return ""
    return f"expires_at is {expires_at.isoformat()}; expected a moment within the next ten years."


def _override_row(
    name: str, signal: Signal, wanted: LevelOverride, actor: Actor, now: datetime
) -> Preference:
    file = signal.given()
    return Preference(
        signal=name,
        # a level that is the file's is none of its own, so that it goes on following the file
        levels={severity: level for severity, level in wanted.levels.items() if level != file[severity]},
        set_by=actor.name,
        set_at=now,
        reason=to_one_line(wanted.reason),
        expires_at=wanted.expires_at,
        watched=wanted.watched,
    )


def _levels(row: Preference | None) -> dict[str, float]:
    return dict(row.levels) if row else {}


def run_backtest(service: Service, name: str, wanted: LevelOverride) -> BacktestResult:
    """How often the signal would have fired with what is wanted; errors as of `set_override`."""
    status = signal_status(service, name)
    if problem := override_error(name, status.signal, wanted):
        raise BadRequest(problem)
    before = dict(status.in_force) if status.watched else {}
    after = levels_in_force(status.signal, wanted.levels) if wanted.watched else {}
    return service.backtests.run(name, status.signal, (before, after), service.clock().timestamp())


@dataclass(frozen=True)
class SignalStatus:
    """One signal and how it stands; `expired` tells that what was set no longer applies."""

    name: str
    signal: Signal
    preference: Preference | None
    expired: bool
    in_force: Mapping[str, float]

    @property
    def is_set(self) -> bool:
        """Whether what somebody set applies."""
        return self.preference is not None and not self.expired

    @property
    def watched(self) -> bool:
        """Whether it raises alerts at present."""
        return not self.is_set or self.preference is None or self.preference.watched

    @property
    def ignored(self) -> Mapping[str, float]:
        """The levels that were set but are not in force, because the file has changed since."""
        wanted = self.preference.levels if self.preference and not self.expired else {}
        return {severity: level for severity, level in wanted.items() if self.in_force.get(severity) != level}


@dataclass(frozen=True)
class PreferencesOverview:
    """All signals in the file's order, what was set for others, and what is wrong with the file."""

    signals: Sequence[SignalStatus]
    strangers: Sequence[Preference]
    problem: str


def preferences_overview(service: Service) -> PreferencesOverview:
    """How all signals stand."""
    known, now = service.signals.known(), service.clock()
    with service.store.read() as session:
        rows = {row.signal: row for row in session.scalars(select(Preference).order_by(Preference.signal))}
    standings = [_signal_status(name, signal, rows.get(name), now) for name, signal in known.signals.items()]
    strangers = [row for name, row in rows.items() if name not in known.signals]
    return PreferencesOverview(standings, strangers, known.problem)


def signal_status(service: Service, name: str) -> SignalStatus:
    """How one signal stands; NotFound when there is none, Unavailable while none are known."""
    signal = find_signal(service, name)
    with service.store.read() as session:
        return _signal_status(name, signal, session.get(Preference, name), service.clock())


def _signal_status(name: str, signal: Signal, row: Preference | None, now: datetime) -> SignalStatus:
    expired = row is not None and row.expires_at is not None and row.expires_at <= now
    wanted = row.levels if row and not expired else {}
    return SignalStatus(name, signal, row, expired, levels_in_force(signal, wanted))
