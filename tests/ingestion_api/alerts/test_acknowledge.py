"""Somebody takes care of an incident: who, when, with which note, and until it ends."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from ingestion_api.store.tables import Alert, AuditRow
from tests.ingestion_api.alerts.test_webhook import ALERTS, notice, send
from tests.ingestion_api.conftest import MORNING, HandClock, service_behind
from tests.ingestion_api.metrics.samples import samples

LATER = "2026-11-23T07:00:00Z"


def newest(client: TestClient) -> dict[str, Any]:
    """The newest incident."""
    found: dict[str, Any] = client.get(ALERTS).json()["alerts"][0]
    return found


def gauge(client: TestClient, name: str, severity: str = "warning") -> float:
    """How many incidents of a severity."""
    return samples(client)[f"ops_service_alerts_{name}", severity]


def test_who_takes_care_is_kept_and_can_be_taken_back(client: TestClient, clock: HandClock) -> None:
    send(client, notice())
    address = f"{ALERTS}/{newest(client)['id']}/acknowledge"
    assert gauge(client, "acknowledged") == 0
    clock.move(minutes=3)
    answer = client.post(address, json={"note": "Starting a second worker."})
    assert answer.status_code == 200
    assert answer.json() == newest(client)
    assert answer.json()["acknowledgement"] == {
        "by": "operator",
        "at": "2026-11-23T06:03:00Z",
        "note": "Starting a second worker.",
    }
    assert (gauge(client, "firing"), gauge(client, "acknowledged")) == (1, 1)
    assert client.delete(address).json()["acknowledgement"] is None
    assert gauge(client, "acknowledged") == 0
    assert client.delete(address).status_code == 200
    with service_behind(client).store.read() as session:
        rows = [(row.action, row.subject) for row in session.scalars(select(AuditRow).order_by(AuditRow.id))]
    assert rows == [("acknowledge", "QueueFull"), ("unacknowledge", "QueueFull")]


def test_one_alert_has_its_events_its_silence_and_its_evidence(client: TestClient, clock: HandClock) -> None:
    send(client, notice())
    address = f"{ALERTS}/{newest(client)['id']}"
    clock.move(minutes=3)
    taken = client.post(f"{address}/acknowledge", json={"note": "A second worker starts.", "silence": True})
    disagrees = {"workers": ["healthy", "down"]}
    evidence = {"evidence": "start", "value_at_start": 104.0, "level_at_start": 100.0}
    with service_behind(client).store.write() as session:
        session.execute(update(Alert).values(**evidence, disagreements=disagrees))
    found = client.get(address).json()
    assert {name: found.pop(name) for name in ("events", "silence")} == {
        "events": [
            {"at": "2026-11-23T06:00:00Z", "kind": "started", "actor": "", "note": "told"},
            {
                "at": "2026-11-23T06:03:00Z",
                "kind": "acknowledged",
                "actor": "operator",
                "note": "A second worker starts.",
            },
        ],
        "silence": {
            "by": "operator",
            "note": "A second worker starts.",
            "silence_id": None,
            "ends_at": None,
            "ending": False,
            "problem": "",
        },
    }
    assert found == newest(client)
    assert found["evidence"] == {
        "state": "start",
        "value_at_start": 104.0,
        "level_at_start": 100.0,
        "worst_value": None,
        "worst_at": None,
        "disagreements": [{"subject": "workers", "reported": "healthy", "observed": "down"}],
    }
    assert taken.json()["evidence"]["state"] == "pending"


def test_it_outlives_repeated_notices_and_the_newest_note_holds(client: TestClient) -> None:
    send(client, notice())
    address = f"{ALERTS}/{newest(client)['id']}/acknowledge"
    assert client.post(address).json()["acknowledgement"]["note"] == ""
    send(client, notice())
    client.post(address, json={"note": "The disk is full."})
    assert newest(client)["acknowledgement"]["note"] == "The disk is full."


def test_it_ends_with_the_incident_and_the_next_one_is_new(client: TestClient) -> None:
    send(client, notice())
    address = f"{ALERTS}/{newest(client)['id']}/acknowledge"
    client.post(address)
    send(client, notice("resolved"))
    assert newest(client)["acknowledgement"]["by"] == "operator"
    for answer in (client.post(address), client.delete(address)):
        assert answer.status_code == 409
        assert answer.json()["detail"].endswith(
            "QueueFull, is over since 2026-11-23 05:30:00 UTC; expected one that still fires."
        )
    send(client, notice(start=LATER))
    assert newest(client)["acknowledgement"] is None
    assert gauge(client, "acknowledged") == 0


@pytest.mark.parametrize("body", [{"note": 5}, {"note": "a\x00"}, {"note": "x" * 501}, {"by": "me"}, []])
def test_a_note_that_is_none_is_422(client: TestClient, body: Any) -> None:
    send(client, notice())
    assert client.post(f"{ALERTS}/{newest(client)['id']}/acknowledge", json=body).status_code == 422
    assert newest(client)["acknowledgement"] is None


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_an_alert_that_is_not_there_is_404(client: TestClient, method: str) -> None:
    answer = client.request(method, f"{ALERTS}/77/acknowledge")
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is no alert 77."})
    assert client.request(method, f"{ALERTS}/x/acknowledge").status_code == 422


def test_an_alert_whose_source_is_gone_is_closed_with_a_reason(client: TestClient, clock: HandClock) -> None:
    """Told again that it fires, it opens again: its source was not gone."""
    send(client, notice())
    address = f"{ALERTS}/{newest(client)['id']}"
    assert client.post(f"{address}/close", json={"reason": " "}).status_code == 400
    clock.move(minutes=2)
    closed = client.post(f"{address}/close", json={"reason": "The server is gone."}).json()
    assert (closed["status"], closed["end_known_by"], closed["closed_by"]) == (
        "resolved",
        "closed",
        "operator",
    )
    assert (closed["ends_at"], closed["close_reason"]) == ("2026-11-23T06:02:00Z", "The server is gone.")
    assert gauge(client, "firing") == 0
    assert client.post(f"{address}/close", json={"reason": "Again."}).status_code == 409
    send(client, notice())
    again = newest(client)
    assert (again["status"], again["end_known_by"], again["closed_by"]) == ("firing", None, None)


def test_a_rise_in_severity_asks_again_who_takes_care(client: TestClient) -> None:
    """An acknowledgement of a warning does not cover a critical alert; a fall keeps it."""
    send(client, notice())
    address = f"{ALERTS}/{newest(client)['id']}/acknowledge"
    client.post(address)
    send(client, notice(severity="info"))
    assert newest(client)["acknowledgement"]["by"] == "operator"
    send(client, notice(severity="critical"))
    assert (newest(client)["severity"], newest(client)["acknowledgement"]) == ("critical", None)


def test_a_budget_that_burns_faster_asks_again_who_takes_care(client: TestClient) -> None:
    """Its severities have other windows, so that they were no severities of one alert."""
    send(client, notice(window="1d", slo="api_latency"))
    address = f"{ALERTS}/{newest(client)['id']}"
    assert client.post(f"{address}/acknowledge").status_code == 200
    send(client, notice(fingerprint="b2", severity="critical", window="1h", slo="api_latency"))
    assert client.get(address).json()["acknowledgement"] is None


def test_an_alert_closed_before_its_start_ends_at_its_start(client: TestClient) -> None:
    """Prometheus' clock is ahead."""
    send(client, notice(start=(MORNING + timedelta(minutes=4)).isoformat()))
    closed = client.post(f"{ALERTS}/{newest(client)['id']}/close", json={"reason": "Gone."}).json()
    assert closed["ends_at"] == closed["starts_at"]
