"""Alertmanager's webhook is kept, once for each incident."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.ingestion_api.conftest import HandClock
from tests.ingestion_api.processes import AUTHORIZED, TOKEN, ServiceProcess, environment
from tests.servers.fixtures import StartAlertmanager, started
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

WEBHOOK = "/api/v1/alerts/webhook"
ALERTS = "/api/v1/alerts"


def notice(
    status: str = "firing", fingerprint: str = "a1", start: str = "2026-11-23T05:00:00Z", **labels: str
) -> dict[str, Any]:
    """One alert as Alertmanager writes it."""
    return {
        "status": status,
        "labels": {"alertname": "QueueFull", "severity": "warning"} | labels,
        "annotations": {"summary": "Ten jobs wait."},
        "startsAt": start,
        "endsAt": "2026-11-23T05:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": fingerprint,
    }


def send(client: TestClient, *alerts: dict[str, Any]) -> dict[str, int]:
    """What the service answers to a call with these alerts."""
    body = {"version": "4", "receiver": "watchroom", "status": "firing", "alerts": list(alerts)}
    answer = client.post(WEBHOOK, json=body)
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()
    return counts


def test_an_incident_is_kept_once_however_often_it_is_told(client: TestClient, clock: HandClock) -> None:
    """The last telling is remembered."""
    assert send(client, notice()) == {"new": 1, "known": 0}
    clock.move(minutes=5)
    assert send(client, notice()) == {"new": 0, "known": 1}
    alerts = client.get(ALERTS).json()["alerts"]
    assert len(alerts) == 1
    assert alerts[0] | {"id": 0} == {
        "id": 0,
        "fingerprint": "a1",
        "name": "QueueFull",
        "severity": "warning",
        "status": "firing",
        "starts_at": "2026-11-23T05:00:00Z",
        "ends_at": None,
        "labels": {"alertname": "QueueFull", "severity": "warning"},
        "annotations": {"summary": "Ten jobs wait."},
        "generator_url": "http://prometheus.example/graph",
        "first_received_at": "2026-11-23T06:00:00Z",
        "last_received_at": "2026-11-23T06:05:00Z",
        "notices": 2,
        "acknowledgement": None,
    }


def test_a_resolved_notice_ends_the_incident_and_a_later_fire_is_another(client: TestClient) -> None:
    """The start tells them apart."""
    send(client, notice())
    send(client, notice("resolved"))
    assert client.get(ALERTS).json()["alerts"][0]["ends_at"] == "2026-11-23T05:30:00Z"
    assert send(client, notice(start="2026-11-23T06:10:00Z")) == {"new": 1, "known": 0}
    assert [alert["status"] for alert in client.get(ALERTS).json()["alerts"]] == ["firing", "resolved"]


def test_alerts_are_filtered_and_paged(client: TestClient) -> None:
    """By status and severity, newest first."""
    send(
        client, *(notice(fingerprint=f"a{n}", severity="critical" if n % 2 else "warning") for n in range(6))
    )
    send(client, notice("resolved", "a5", severity="critical"))
    found = client.get(ALERTS, params={"severity": "critical", "status": "firing"}).json()
    assert [alert["fingerprint"] for alert in found["alerts"]] == ["a3", "a1"]
    first = client.get(ALERTS, params={"limit": 4}).json()
    rest = client.get(ALERTS, params={"limit": 4, "before": first["next_cursor"]}).json()
    assert [a["fingerprint"] for a in first["alerts"] + rest["alerts"]] == [
        "a5",
        "a4",
        "a3",
        "a2",
        "a1",
        "a0",
    ]


@pytest.mark.parametrize("moment", [0, "yesterday", "2026-11-23T05:00:00", None])
def test_a_start_that_is_no_moment_is_refused(client: TestClient, moment: Any) -> None:
    """Without a zone it is none."""
    assert client.post(WEBHOOK, json={"alerts": [notice() | {"startsAt": moment}]}).status_code == 422


def test_a_real_alertmanager_is_understood(
    tmp_path: Path, redis_server: RedisServer, alertmanager: StartAlertmanager
) -> None:
    """Firing and resolved, with its own bearer token."""
    env = environment(tmp_path / "run", redis_server.url)
    with started(ServiceProcess(tmp_path / "service.log", env)) as service:
        receiver = {
            "url": f"{service.url}{WEBHOOK}",
            "http_config": {"authorization": {"credentials": TOKEN}},
            "send_resolved": True,
        }
        bell = alertmanager(
            {
                "route": {"receiver": "watchroom", "group_wait": "0s", "group_interval": "1s"},
                "receivers": [{"name": "watchroom", "webhook_configs": [receiver]}],
            }
        )
        fire = {"labels": {"alertname": "QueueFull", "severity": "page"}, "startsAt": "2026-11-23T05:00:00Z"}
        for ends, status in (("2099-01-01T00:00:00Z", "firing"), ("2026-11-23T05:30:00Z", "resolved")):
            httpx2.post(f"{bell.url}/api/v2/alerts", json=[fire | {"endsAt": ends}]).raise_for_status()

            def kept(status: str = status) -> bool:
                found = httpx2.get(f"{service.url}{ALERTS}", headers=AUTHORIZED).json()["alerts"]
                return [alert["status"] for alert in found] == [status]

            assert eventually(kept, within=10.0)
