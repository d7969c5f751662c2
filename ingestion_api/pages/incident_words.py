"""An incident in words: its timeline, how sure it is, and a text to paste into a message."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ingestion_api.alerts.incident import IncidentRecord
from ingestion_api.pages.formatting import format_value
from ingestion_api.pages.templates import duration, moment
from ingestion_api.signals import Signal
from ingestion_api.store.tables import Alert, IncidentEvent

MARGIN = 900  # seconds before and after an incident on its dashboard
KNOWN_BY = {
    "told": "Alertmanager sent a notice of it.",
    "reconciled": "A poll of Alertmanager found it, before a notice of it or without one.",
    "history": "Prometheus' history told of it: the service or Alertmanager was away. Its text is not known.",
}
END_KNOWN_BY = {
    "told": "Alertmanager sent a notice of its end.",
    "reconciled": "A poll found its end: Alertmanager no longer knew it. It may have ended a little earlier.",
    "history": "Prometheus' history told of its end: it recorded nothing of it after that.",
    "superseded": "Its end was not told: the same alert began again then.",
}
EVENTS = {
    "started": "Notice received",
    "ended": "End received",
    "reopened": "Fires again: opened again",
    "acknowledged": "Acknowledged",
    "unacknowledged": "No longer acknowledged",
    "closed": "Closed by hand",
    "silenced": "Silenced in Alertmanager",
    "inhibited": "Inhibited by a graver alert",
    "not suppressed": "No longer silenced or inhibited",
    "silence set": "Silence set in Alertmanager",
    "silence ended": "Silence ended",
}
HOW = {
    "told": "",
    "reconciled": "by a poll",
    "history": "in Prometheus' history",
    "superseded": "the same alert began again",
}
# what no notice told of
FOUND = {"started": "Found", "ended": "End found"}


@dataclass(frozen=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    words: str
    actor: str = ""
    note: str = ""


def timeline(incident: IncidentRecord) -> Sequence[Entry]:
    """What happened, the earliest first: begin and end, notices, acknowledgements, severities and levels."""
    alert = incident.alert
    entries = [Entry(alert.starts_at, f"Began to fire as {alert.severity}")]
    if alert.ends_at is not None:
        entries.append(Entry(alert.ends_at, "Ended"))
    entries += [*map(_event, incident.events), *_severities(incident), *_levels(incident)]
    return sorted(entries, key=lambda it: it.at)


def _event(event: IncidentEvent) -> Entry:
    words = EVENTS.get(event.kind, event.kind)
    if event.note in ("reconciled", "history"):
        words = FOUND.get(event.kind, words)
    if not event.actor and event.note in HOW:
        return Entry(event.at, " ".join(filter(None, (words, HOW[event.note]))))
    return Entry(event.at, words, event.actor, event.note)


def _severities(incident: IncidentRecord) -> Iterator[Entry]:
    for other in incident.severities:
        if other.starts_at >= incident.alert.starts_at:
            yield Entry(other.starts_at, f"Began to fire as {other.severity} too")
        if other.ends_at is not None:
            yield Entry(other.ends_at, f"No longer {other.severity}")


def _levels(incident: IncidentRecord) -> Iterator[Entry]:
    for row in incident.levels:
        levels = row.details.get("levels") or {}
        note = ", ".join(f"{severity} {level:g}" for severity, level in levels.items())
        yield Entry(row.at, "Levels set" if levels else "Levels set back to the file's", row.actor, note)


def certainty(alert: Alert, signal: Signal | None) -> Sequence[str]:
    """How sure it is, in sentences."""
    found = [KNOWN_BY.get(alert.known_by, "")]
    if alert.end_known_by:
        found.append(END_KNOWN_BY.get(alert.end_known_by, ""))
    if signal and (values := value_sentence(alert, signal)):
        found.append(values)
    if signal and (rule := signal.significance):
        odds = f"{100 * rule.confidence:.4g} %"
        found.append(f"At least {rule.failures} failed or were slow, and chance is ruled out with {odds}.")
    found += disagreement_sentences(alert)
    return [it for it in found if it]


def value_sentence(alert: Alert, signal: Signal) -> str:
    """Value and level at the start, and the worst value, as far as they are known."""
    parts = []
    if alert.value_at_start is not None:
        parts.append(f"The value was {_value(alert.value_at_start, signal)} at the start")
    if alert.worst_value is not None:
        parts.append(
            f"{'at worst' if parts else 'The value was at worst'} {_value(alert.worst_value, signal)}"
        )
    if parts and alert.level_at_start is not None:
        parts.append(f"the level {_value(alert.level_at_start, signal)}")
    return f"{', '.join(parts)}." if parts else ""


def disagreement_sentences(alert: Alert) -> list[str]:
    """What the backend reported of itself at the start, beside what was observed."""
    return [
        _one_line(f"The backend reported {subject} as {reported}; observed: {observed}.")
        for subject, (reported, observed) in (alert.disagreements or {}).items()
    ]


def _value(value: float, signal: Signal) -> str:
    return format_value(float(f"{value:.3g}"), signal.unit)


def span_sentence(alert: Alert, now: datetime) -> str:
    """Since when it fires, or from when to when it did."""
    length = duration(((alert.ends_at or now) - alert.starts_at).total_seconds())
    if alert.status == "firing":
        return f"Fires since {moment(alert.starts_at)} ({length})."
    end = moment(alert.ends_at) if alert.ends_at else "an unknown time"
    return f"Fired from {moment(alert.starts_at)} to {end} ({length})."


def plain_text(
    alert: Alert, signal: Signal | None, links: Mapping[str, str], address: str, now: datetime
) -> str:
    """A text for a message: what, since when, how grave, values, who takes care, links."""
    # a text of several lines could say what we do not
    severity, name, summary = map(
        _one_line, (alert.severity, alert.name, alert.annotations.get("summary", ""))
    )
    lines = [f"[{severity}] {name}" + (f": {summary}" if summary else "")]
    lines.append(span_sentence(alert, now))
    if signal and (values := value_sentence(alert, signal)):
        lines.append(values)
    lines += disagreement_sentences(alert)
    if alert.acknowledged_at:
        note = f": {alert.acknowledgement}" if alert.acknowledgement else "."
        lines.append(f"Acknowledged by {alert.acknowledged_by}{note}")
    elif alert.status == "firing":
        lines.append("Nobody has acknowledged it.")
    lines.append(f"Incident: {address}")
    lines += [f"{name}: {link}" for name, link in links.items()]
    return "\n".join(lines)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def dashboard_at(address: str, alert: Alert) -> str:
    """A dashboard's address at the time of an incident."""
    parts = urlsplit(address)
    start = int(alert.starts_at.timestamp()) - MARGIN
    end = str((int(alert.ends_at.timestamp()) + MARGIN) * 1000) if alert.ends_at else "now"
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in ("from", "to")]
    return urlunsplit(parts._replace(query=urlencode([*query, ("from", f"{start * 1000}"), ("to", end)])))
