"""Every signal with its levels: the file's, those that somebody set, those in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ingestion_api.preferences.levels import levels_in_force
from ingestion_api.preferences.overrides import find_signal
from ingestion_api.preferences.signals import Signal
from ingestion_api.service import Service
from ingestion_api.store.tables import Preference


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
        """Whether somebody's levels apply."""
        return self.preference is not None and not self.expired

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
