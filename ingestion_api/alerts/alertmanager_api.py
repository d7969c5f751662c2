"""The API of one Alertmanager: which alerts it knows, since when it runs, and its silences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ingestion_api.alerts.webhook import WebhookAlert, read_alerts
from ingestion_api.errors import Unavailable
from ingestion_api.json_client import JsonClient

TIMEOUT = 5.0  # seconds for each response
MAX_BYTES = 64_000_000
_SILENCE_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
SAME_CLOCK = timedelta(seconds=2)
EVERY = {"active": "true", "silenced": "true", "inhibited": "true", "unprocessed": "true"}


@dataclass(frozen=True)
class KnownAlert:
    """An alert that fires; `suppression` is "silenced", "inhibited" or empty."""

    notice: WebhookAlert
    suppression: str


@dataclass(frozen=True)
class AlertmanagerState:
    """All alerts that an Alertmanager knows, and for how long it has been running."""

    alerts: Sequence[KnownAlert]
    uptime: timedelta


@dataclass(frozen=True)
class SilenceText:
    """Who sets a silence, and why."""

    actor: str
    note: str


class AlertmanagerApi:
    """Reads one Alertmanager, and sets and ends silences."""

    def __init__(self, url: str) -> None:
        self._client = JsonClient("Alertmanager", url, TIMEOUT, MAX_BYTES)

    @property
    def url(self) -> str:
        """Its address."""
        return self._client.url

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def state(self) -> AlertmanagerState:
        """What it knows now; Unavailable with the reason."""
        # its status before and after: one that was restarted in between knows no alerts yet
        before = self._client.get("api/v2/status", {})
        listed = self._client.get("api/v2/alerts", EVERY)
        after = self._client.get("api/v2/status", {})
        with self._client.unavailable_on_error():
            if before.body["uptime"] != after.body["uptime"]:
                raise Unavailable("Alertmanager has just been restarted.")
            uptime = _date_of(after.headers) - datetime.fromisoformat(after.body["uptime"])
            return AlertmanagerState(_known_alerts(listed.body), max(uptime, timedelta(0)))

    def set_silence(
        self, labels: Mapping[str, str], text: SilenceText, until: datetime, silence: str | None
    ) -> str:
        """Silence exactly these labels, or extend that silence; its id. Unavailable with the reason."""
        matchers = [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in labels.items()
        ]
        body = {
            "matchers": matchers,
            "createdBy": f"{text.actor} (Watchroom)",
            "comment": text.note or "Acknowledged in Watchroom.",
            # in the past, so that it is in force at once where clocks differ
            "startsAt": (until - timedelta(days=1)).isoformat(),
            "endsAt": until.isoformat(),
        }
        response = self._client.send("POST", "api/v2/silences", body | self._extended(silence))
        with self._client.unavailable_on_error():
            found = response.body["silenceID"]
            # it becomes part of a path, and of a row
            if not _SILENCE_ID.fullmatch(found):
                raise ValueError("no id of a silence")
            return str(found)

    def _extended(self, silence: str | None) -> dict[str, str]:
        """The id and the start of a silence that is in force, without which a further one would be made."""
        if silence is None:
            return {}
        found = self._client.send("GET", f"api/v2/silence/{silence}", accepted=(200, 404))
        with self._client.unavailable_on_error():
            if found.status == 404 or found.body["status"]["state"] != "active":
                return {}
            return {"id": silence, "startsAt": found.body["startsAt"]}

    def end_silence(self, silence: str) -> None:
        """End a silence; one that is unknown or has expired has ended. Unavailable with the reason."""
        # Alertmanager has status 500 for one that has expired
        self._client.send("DELETE", f"api/v2/silence/{silence}", accepted=(200, 404, 500))


def _date_of(headers: Mapping[str, str]) -> datetime:
    """The server's time: our clock where both agree, since the header has whole seconds only."""
    ours = datetime.now(UTC)
    written = headers.get("date")
    theirs = parsedate_to_datetime(written) if written else ours
    return ours if abs(theirs - ours) < SAME_CLOCK else theirs


def _known_alerts(listed: Sequence[Any]) -> list[KnownAlert]:
    return [
        KnownAlert(notice, _suppression(one["status"]))
        for one in listed
        for notice in read_alerts([{**one, "status": "firing"}]).alerts
    ]


def _suppression(status: Mapping[str, Any]) -> str:
    if status.get("silencedBy"):
        return "silenced"
    return "inhibited" if status.get("inhibitedBy") else ""
