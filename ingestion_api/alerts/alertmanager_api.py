"""The API of one Alertmanager: which alerts it knows, since when it runs, and its silences."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ingestion_api.alerts.webhook import WebhookAlert, read_alerts
from ingestion_api.clock import elapsed_seconds
from ingestion_api.errors import Unavailable
from ingestion_api.json_client import JsonClient

TIMEOUT = 5.0  # seconds for each response
MAX_BYTES = 64_000_000
_SILENCE_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
MAX_STARTS = 8  # behind one address may be several servers
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
    unread: frozenset[str] = frozenset()  # fingerprints of alerts that could not be read


@dataclass(frozen=True)
class SilenceText:
    """Who sets a silence, and why."""

    actor: str
    note: str


class ObservedStarts:
    """For how long a server has been running, also where its clock was wrong at its start.

    Such a server seems to have been running for hours, or to start in an hour.
    """

    def __init__(self, elapsed: Callable[[], float] = elapsed_seconds) -> None:
        self._elapsed = elapsed
        # by start: when it was seen first, its uptime then at most
        self._seen: dict[str, tuple[float, float]] = {}
        self._latest = -math.inf

    def uptime(self, start: str, claimed: timedelta) -> timedelta:
        """The uptime of a server that says to have started then: as claimed, within what was observed."""
        now = self._elapsed()
        if start not in self._seen:
            # it has been started since we looked last
            at_most = now - self._latest if self._seen else math.inf
            self._seen = dict([*self._seen.items()][-MAX_STARTS:]) | {start: (now, at_most)}
        self._latest = now
        first, at_most = self._seen[start]
        seen = now - first
        return timedelta(seconds=max(min(claimed.total_seconds(), at_most + seen), seen))


class AlertmanagerApi:
    """Reads one Alertmanager, and sets and ends silences."""

    def __init__(self, url: str) -> None:
        self._client = JsonClient("Alertmanager", url, TIMEOUT, MAX_BYTES)
        self._starts = ObservedStarts()
        self._ahead: timedelta | None = None  # its clock, of ours

    @property
    def url(self) -> str:
        """Its address."""
        return self._client.url

    @property
    def ahead(self) -> timedelta | None:
        """How far its clock was ahead of ours when it last responded; None before that."""
        return self._ahead

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
            self._ahead, start = after.ahead, str(after.body["uptime"])
            uptime = self._starts.uptime(start, after.date - datetime.fromisoformat(start))
            return _state(listed.body, uptime)

    def set_silence(
        self, labels: Mapping[str, str], text: SilenceText, until: datetime, silence: str | None
    ) -> str:
        """Silence exactly these labels, or extend that silence; its id. Unavailable with the reason.

        `until` is a moment of our clock.
        """
        ends = until + (self._ahead or timedelta(0))
        matchers = [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in labels.items()
        ]
        body = {
            "matchers": matchers,
            "createdBy": f"{text.actor} (Watchroom)",
            "comment": text.note or "Acknowledged in Watchroom.",
            # in the past, so that it is in force at once where clocks differ
            "startsAt": (ends - timedelta(days=1)).isoformat(),
            "endsAt": ends.isoformat(),
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


def _state(listed: Any, uptime: timedelta) -> AlertmanagerState:
    if not isinstance(listed, list):
        raise TypeError("the alerts are no list")
    known: list[KnownAlert] = []
    unread: set[str] = set()
    for one in listed:
        read = read_alerts([{**one, "status": "firing"}])
        known += [KnownAlert(notice, _suppression(one["status"])) for notice in read.alerts]
        if read.refused:
            # it is known, so its incident must not end
            unread.add(one["fingerprint"])
    return AlertmanagerState(known, uptime, frozenset(unread))


def _suppression(status: Mapping[str, Any]) -> str:
    if status.get("silencedBy"):
        return "silenced"
    return "inhibited" if status.get("inhibitedBy") else ""
