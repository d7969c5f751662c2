"""How each person wants to hear of notices."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from ingestion_api.access.bearer import Actor
from ingestion_api.audit import record_change
from ingestion_api.clock import Clock
from ingestion_api.errors import BadRequest
from ingestion_api.store import Store
from ingestion_api.store.tables import NoticePreference
from ingestion_api.store.tables.alerts import SEVERITIES

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True)
class NoticePreferences:
    """The severities that notify in the browser and sound, and quiet hours in the browser's time as HH:MM."""

    notify: tuple[str, ...] = ()
    sound: tuple[str, ...] = ()
    quiet_from: str = ""
    quiet_until: str = ""

    def __post_init__(self) -> None:
        """BadRequest names what is wrong."""
        for severity in (*self.notify, *self.sound):
            if severity not in SEVERITIES:
                raise BadRequest(f"Severity is {severity!r}; expected one of {', '.join(SEVERITIES)}.")
        for time in (self.quiet_from, self.quiet_until):
            if time and not _TIME.fullmatch(time):
                raise BadRequest(f"Quiet hours have {time!r}; expected a time as 22:00.")
        if bool(self.quiet_from) != bool(self.quiet_until):
            raise BadRequest("Quiet hours have one time; expected two, or none.")

    def as_dict(self) -> dict[str, Any]:
        """The values by name."""
        return asdict(self)


def make_preferences(
    notify: Iterable[str], sound: Iterable[str], quiet_from: str, quiet_until: str
) -> NoticePreferences:
    """The preferences of a form; BadRequest names what is wrong."""
    return NoticePreferences(tuple(notify), tuple(sound), quiet_from.strip(), quiet_until.strip())


def read_notice_preferences(store: Store, name: str) -> NoticePreferences:
    """What a person has set; notices on the page alone unless something is."""
    with store.read() as session:
        row = session.get(NoticePreference, name)
    if row is None:
        return NoticePreferences()
    return NoticePreferences(tuple(row.notify), tuple(row.sound), row.quiet_from, row.quiet_until)


def set_notice_preferences(store: Store, clock: Clock, wanted: NoticePreferences, actor: Actor) -> None:
    """Set them for the person who acts."""
    now, values = clock(), wanted.as_dict()
    row = {**values, "notify": list(wanted.notify), "sound": list(wanted.sound)}
    with store.write() as session:
        session.merge(NoticePreference(name=actor.name, set_at=now, **row))
        record_change(session, actor, "set_notice_preferences", actor.name, now, **row)
