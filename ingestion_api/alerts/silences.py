"""Silences in Alertmanager that last as long as an incident: short ones, extended while it fires."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from ingestion_api.alerts.alertmanager_api import AlertmanagerApi, SilenceText
from ingestion_api.alerts.events import Event, record_event
from ingestion_api.clock import Clock
from ingestion_api.errors import Unavailable
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert, AlertSilence

LENGTH = timedelta(minutes=5)
EXTEND_BEFORE = timedelta(minutes=3)  # the end of a silence
NO_ADDRESS = "the address of Alertmanager is not known: no notice has come since the start, and none is set."


def want_silence(session: Session, alert: Alert, actor: str, *, wanted: bool) -> None:
    """Note that an incident is to be silenced, or no longer; the next round does it."""
    row = session.get(AlertSilence, alert.id)
    if row is not None:
        row.ending, row.actor, row.note = not wanted, actor, alert.acknowledgement or ""
    elif wanted:
        session.add(AlertSilence(alert_id=alert.id, actor=actor, note=alert.acknowledgement or ""))


@dataclass(frozen=True)
class _Wanted:
    """One silence as it is stored, and whether its incident still wants it."""

    alert_id: int
    labels: dict[str, str]
    text: SilenceText
    silence_id: str | None
    ends_at: datetime | None
    is_over: bool


class SilenceKeeper:
    """Lets Alertmanager have the silences that operators want, and no other of ours."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def keep(self, api: AlertmanagerApi | None) -> None:
        """Set, extend and end silences; what fails is noted and tried again in the next round."""
        for each in self._wanted():
            if api is None:
                self._write(each, problem=NO_ADDRESS)
                continue
            try:
                self._keep_one(api, each)
            except Unavailable as error:
                self._write(each, problem=error.detail)

    def _wanted(self) -> Sequence[_Wanted]:
        query = select(AlertSilence, Alert).join(Alert, Alert.id == AlertSilence.alert_id)
        with self._store.read() as session:
            return [
                _Wanted(
                    alert.id,
                    {name: str(value) for name, value in alert.labels.items()},
                    SilenceText(row.actor, row.note),
                    row.silence_id,
                    row.ends_at,
                    row.ending or alert.status != "firing",
                )
                for row, alert in session.execute(query)
            ]

    def _keep_one(self, api: AlertmanagerApi, each: _Wanted) -> None:
        now = self._clock()
        if each.is_over:
            if each.silence_id is not None:
                api.end_silence(each.silence_id)
            self._forget(each, now)
        elif each.ends_at is None or each.ends_at - now < EXTEND_BEFORE:
            until = now + LENGTH
            found = api.set_silence(each.labels, each.text, until, each.silence_id)
            self._write(each, problem="", silence_id=found, ends_at=until)
            if each.silence_id is None:
                with self._store.write() as session:
                    record_event(session, [each.alert_id], Event("silence set", now, each.text.actor))

    def _forget(self, each: _Wanted, now: datetime) -> None:
        with self._store.write() as session:
            # it may have been wanted again while Alertmanager was asked: then it is set anew
            one = AlertSilence.alert_id == each.alert_id
            fires = exists().where(Alert.id == AlertSilence.alert_id, Alert.status == "firing")
            session.execute(delete(AlertSilence).where(one, or_(AlertSilence.ending, ~fires)))
            session.execute(update(AlertSilence).where(one).values(silence_id=None, ends_at=None))
            if each.silence_id is not None:
                record_event(session, [each.alert_id], Event("silence ended", now))

    def _write(self, each: _Wanted, **values: object) -> None:
        with self._store.write() as session:
            one = update(AlertSilence).where(AlertSilence.alert_id == each.alert_id)
            session.execute(one.values(**values))
