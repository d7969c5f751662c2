"""Every signal with its levels: the file's, those that somebody set, those in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ingestion_api.preferences.keep import signal_of
from ingestion_api.preferences.levels import in_force
from ingestion_api.preferences.signals import Signal
from ingestion_api.service import Service
from ingestion_api.store.tables import Preference


@dataclass(frozen=True)
class Standing:
    """One signal and how it stands; `expired` tells that what was set no longer applies."""

    name: str
    signal: Signal
    preference: Preference | None
    expired: bool
    in_force: Mapping[str, float]

    @property
    def is_set(self) -> bool:
        """Whether somebody's levels apply."""
        return self.preference is not None and not self.expired

    @property
    def ignored(self) -> Mapping[str, float]:
        """The levels that were set but are not in force, because the file has changed since."""
        wanted = self.preference.levels if self.preference and not self.expired else {}
        return {severity: level for severity, level in wanted.items() if self.in_force.get(severity) != level}


@dataclass(frozen=True)
class Overview:
    """All signals in the file's order, what was set for others, and what is wrong with the file."""

    signals: Sequence[Standing]
    strangers: Sequence[Preference]
    problem: str


def overview(service: Service) -> Overview:
    """How all signals stand."""
    known, now = service.signals.known(), service.clock()
    with service.store.read() as session:
        rows = {row.signal: row for row in session.scalars(select(Preference).order_by(Preference.signal))}
    standings = [_standing(name, signal, rows.get(name), now) for name, signal in known.signals.items()]
    strangers = [row for name, row in rows.items() if name not in known.signals]
    return Overview(standings, strangers, known.problem)


def one(service: Service, name: str) -> Standing:
    """How one signal stands; NotFound when there is none, Unavailable while none are known."""
    signal = signal_of(service, name)
    with service.store.read() as session:
        return _standing(name, signal, session.get(Preference, name), service.clock())


def _standing(name: str, signal: Signal, row: Preference | None, now: datetime) -> Standing:
    expired = row is not None and row.expires_at is not None and row.expires_at <= now
    wanted = row.levels if row and not expired else {}
    return Standing(name, signal, row, expired, in_force(signal, wanted))
