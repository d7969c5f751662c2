"""The API of one Alertmanager: which alerts it knows, and since when it runs."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from ingestion_api.alerts.webhook import WebhookAlert, read_alerts
from ingestion_api.errors import Unavailable

TIMEOUT = 5.0  # seconds for each response
MAX_BYTES = 64_000_000
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


class AlertmanagerApi:
    """Reads one Alertmanager; each response has a timeout and a maximum size."""

    def __init__(self, url: str) -> None:
        # neither a proxy of the environment nor a redirect leads elsewhere
        self._client = httpx2.Client(
            base_url=url.rstrip("/") + "/", timeout=TIMEOUT, trust_env=False, follow_redirects=False
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def state(self) -> AlertmanagerState:
        """What it knows now; Unavailable with the reason."""
        # the uptime first: an Alertmanager that restarts in between is then taken for the older one, whose
        # list of alerts is empty; so it is read again afterwards
        before, _ = self._get("api/v2/status", {})
        listed, _ = self._get("api/v2/alerts", EVERY)
        after, now = self._get("api/v2/status", {})
        with _errors_in_words():
            if before["uptime"] != after["uptime"]:
                raise Unavailable("Alertmanager has just been restarted.")
            started = datetime.fromisoformat(after["uptime"])
            return AlertmanagerState(_known_alerts(listed), max(now - started, timedelta(0)))

    def _get(self, route: str, parameters: Mapping[str, str]) -> tuple[Any, datetime]:
        with _errors_in_words(), self._client.stream("GET", route, params=parameters) as response:
            body = _read_body(response)
            if response.status_code != 200:
                raise Unavailable(f"Alertmanager returned status {response.status_code}; expected 200.")
            return json.loads(body), _date_of(response)


def _date_of(response: httpx2.Response) -> datetime:
    """The server's time: our clock where both agree, since the header has whole seconds only."""
    ours = datetime.now(UTC)
    written = response.headers.get("date")
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


@contextmanager
def _errors_in_words() -> Iterator[None]:
    try:
        yield
    except httpx2.TimeoutException:
        raise Unavailable(f"Alertmanager did not respond within {TIMEOUT:g} s.") from None
    except httpx2.HTTPError as error:
        raise Unavailable(f"Alertmanager does not respond: {type(error).__name__}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unavailable("The response of Alertmanager is not what its API documents.") from None


def _read_body(response: httpx2.Response) -> bytes:
    deadline, parts, size = time.monotonic() + TIMEOUT, [], 0
    for part in response.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:
            raise Unavailable(f"The response of Alertmanager is larger than {MAX_BYTES} bytes.")
        if time.monotonic() > deadline:
            raise Unavailable(f"Alertmanager did not respond within {TIMEOUT:g} s.")
    return b"".join(parts)
