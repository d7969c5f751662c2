"""Set levels for a signal and set them back; nothing changes unless all of it may."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.audit.record import record_change
from ingestion_api.errors import BadRequest, NotFound, Unavailable
from ingestion_api.fields import to_one_line
from ingestion_api.preferences.levels import levels_error
from ingestion_api.preferences.signals import Signal
from ingestion_api.service import Service
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Preference

MAX_DURATION = timedelta(days=3660)


@dataclass(frozen=True)
class LevelOverride:
    """The levels that somebody wants, why, and until when; severities that are not named follow the file."""

    levels: Mapping[str, float]
    reason: str = ""
    expires_at: datetime | None = None


def set_override(service: Service, name: str, wanted: LevelOverride, actor: Actor) -> None:
    """Let these levels be in force; NotFound, BadRequest or Unavailable with the reason why not."""
    signal, now = find_signal(service, name), service.clock()
    if problem := levels_error(name, signal, wanted.levels) or _expiry_error(wanted.expires_at, now):
        raise BadRequest(problem)
    row = _override_row(name, signal, wanted, actor, now)
    with service.store.write() as session:
        take_advisory_lock(session, "preferences")
        before = session.get(Preference, name)
        if row.levels:
            session.merge(row)
        elif before is not None:
            session.delete(before)
        until = row.expires_at.isoformat() if row.expires_at else None
        details = {"levels": row.levels, "reason": row.reason, "until": until}
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
    applies = or_(Preference.expires_at.is_(None), Preference.expires_at > now)
    rows = session.scalars(select(Preference).where(applies).order_by(Preference.signal))
    return {row.signal: dict(row.levels) for row in rows}


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
    )


def _levels(row: Preference | None) -> dict[str, float]:
    return dict(row.levels) if row else {}
