"""The text of server-sent events."""

import json
from typing import Any

from ingestion_api.store.tables import Notice

RETRY = 2000  # milliseconds after which a browser connects again


def event(name: str, number: int, data: dict[str, Any]) -> str:
    """One event with its id, which the browser shows when it connects again."""
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"


def heartbeat() -> str:
    """An event without an id, by which a page knows that the connection lives."""
    return "event: heartbeat\ndata: {}\n\n"


def notice_event(notice: Notice) -> str:
    """The event of a notice."""
    told = {name: getattr(notice, name) for name in ("id", "kind", "alert_id", "name", "severity", "summary")}
    return event("notice", notice.id, {**told, "at": notice.at.isoformat()})


def first_events(number: int, left_out: bool, preferences: dict[str, Any]) -> str:
    """What a stream begins with: where it is, and how this person wants to hear of notices."""
    data = {"left_out": left_out, "preferences": preferences}
    return f"retry: {RETRY}\n{event('begin', number, data)}"
