"""A reader of the stream of notices, and an Alertmanager that calls the webhook."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.ingestion_api.pages.visits import FORM_KEY

STREAM = "/notices/stream"


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    name: str
    id: str
    data: Any


def parse_events(lines: Iterator[str]) -> Iterator[Event]:
    """The events of a stream as they come."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Event(fields.get("event", ""), fields.get("id", ""), json.loads(fields["data"]))
            fields = {}


@contextmanager
def signed_in_client(url: str, token: str) -> Iterator[httpx2.Client]:
    """A client with the session of a person."""
    with httpx2.Client(base_url=url, timeout=10) as client:
        found = FORM_KEY.search(client.get("/sign-in").text)
        assert found
        answer = client.post("/sign-in", data={"form_key": found[1], "token": token})
        assert answer.status_code == 303, answer.text
        yield client


@contextmanager
def open_stream(
    client: httpx2.Client, after: int | None = None, last: int | None = None
) -> Iterator[Iterator[Event]]:
    """The events of a stream, after an id of the page or of the browser."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    address = STREAM if after is None else f"{STREAM}?after={after}"
    with client.stream("GET", address, headers=headers) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield parse_events(response.iter_lines())


WEBHOOK = "/api/v1/alerts/webhook"


def webhook_call(*names: str, severity: str = "critical", status: str = "firing") -> dict[str, Any]:
    """The body of a call with some alerts."""
    alerts = [
        {
            "status": status,
            "fingerprint": hashlib.sha256(name.encode()).hexdigest(),
            "startsAt": "2026-11-29T09:00:00Z",
            "endsAt": "2026-11-29T09:01:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
            "labels": {"alertname": name, "severity": severity},
            "annotations": {"summary": f"{name} needs somebody."},
        }
        for name in names
    ]
    return {"alerts": alerts}


def fire(url: str, token: str, *names: str, severity: str = "critical", status: str = "firing") -> None:
    """Call the webhook with some alerts."""
    body = webhook_call(*names, severity=severity, status=status)
    bearer = {"Authorization": f"Bearer {token}"}
    answer = httpx2.post(url + WEBHOOK, json=body, headers=bearer, timeout=10)
    assert answer.status_code == 200, answer.text
