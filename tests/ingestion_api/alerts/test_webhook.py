"""Alertmanager's webhook is kept, once for each incident."""

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from ingestion_api.notices.journal import newest_notices
from tests.ingestion_api.conftest import HandClock, service_behind
from tests.ingestion_api.metrics.samples import samples
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


def send(client: TestClient, *alerts: Any) -> dict[str, int]:
    """What the service answers to a call with these alerts."""
    body = {"version": "4", "receiver": "watchroom", "status": "firing", "alerts": list(alerts)}
    answer = client.post(WEBHOOK, json=body)
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()
    return counts


def received(new: int = 0, known: int = 0, refused: int = 0) -> dict[str, int]:
    """The response to a call."""
    return {"new": new, "known": known, "refused": refused, "truncated": 0}


def test_an_incident_is_kept_once_however_often_it_is_told(client: TestClient, clock: HandClock) -> None:
    """The last telling is remembered."""
    assert send(client, notice()) == received(new=1)
    clock.move(minutes=5)
    assert send(client, notice()) == received(known=1)
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
        "known_by": "told",
        "end_known_by": None,
        "closed_by": None,
        "close_reason": None,
        "suppression": "",
        "was_silenced": False,
        "was_inhibited": False,
        "evidence": {
            "state": "pending",
            "value_at_start": None,
            "level_at_start": None,
            "worst_value": None,
            "worst_at": None,
            "disagreements": None,
        },
    }


def test_a_resolved_notice_ends_the_incident_and_a_later_fire_is_another(client: TestClient) -> None:
    """The start tells them apart."""
    send(client, notice())
    send(client, notice("resolved"))
    assert client.get(ALERTS).json()["alerts"][0]["ends_at"] == "2026-11-23T05:30:00Z"
    assert send(client, notice(start="2026-11-23T06:10:00Z")) == received(new=1)
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


def test_a_newer_start_of_the_same_alert_ends_the_older_incident(client: TestClient) -> None:
    """Its end was never told."""
    send(client, notice())
    send(client, notice(start="2026-11-23T06:10:00Z"))
    newer, older = client.get(ALERTS).json()["alerts"]
    assert (newer["status"], older["status"]) == ("firing", "resolved")
    assert (older["ends_at"], older["end_known_by"]) == ("2026-11-23T06:10:00Z", "superseded")
    with service_behind(client).store.read() as session:
        assert [(it.kind, it.summary) for it in newest_notices(session, 1)] == [("ended", "Ten jobs wait.")]


def test_an_older_start_that_comes_late_ends_nothing(client: TestClient) -> None:
    """And is no second incident that fires."""
    send(client, notice(start="2026-11-23T06:10:00Z"))
    send(client, notice())
    firing = client.get(ALERTS, params={"status": "firing"}).json()["alerts"]
    assert [alert["starts_at"] for alert in firing] == ["2026-11-23T06:10:00Z"]


def test_a_notice_that_it_fires_opens_what_had_ended_and_nobody_takes_care_of_it(client: TestClient) -> None:
    """Its acknowledgement ended with it."""
    send(client, notice())
    address = f"{ALERTS}/{client.get(ALERTS).json()['alerts'][0]['id']}"
    client.post(f"{address}/acknowledge")
    send(client, notice("resolved"))
    send(client, notice())
    again = client.get(address).json()
    assert (again["status"], again["ends_at"], again["end_known_by"]) == ("firing", None, None)
    assert again["acknowledgement"] is None


def test_no_alert_is_lost_for_the_size_or_the_flaw_of_another(client: TestClient) -> None:
    """A long text is cut with a mark; what cannot be read is counted."""
    long = notice(fingerprint="b2") | {"annotations": {"description": "x" * 100_000, "summary": "a\x00b"}}
    many = notice(fingerprint="c3", **{f"label{n}": "x" for n in range(500)})
    bad = [7, None, {}, notice() | {"startsAt": "yesterday"}]
    assert send(client, notice(), long, many, *bad) == received(new=3, refused=4)
    found = {alert["fingerprint"]: alert for alert in client.get(ALERTS).json()["alerts"]}
    text = found["b2"]["annotations"]["description"]
    assert (len(text), text[-5:]) == (4096, "[cut]")
    assert found["b2"]["annotations"]["summary"] == "a\N{REPLACEMENT CHARACTER}b"
    assert found["c3"]["labels"]["cut"] == "375 more were cut"
    assert samples(client)["ops_service_alerts_refused_total",] == 4


def test_a_call_of_megabytes_is_kept(client: TestClient) -> None:
    """Alertmanager would not send it again."""
    alerts = [notice(fingerprint=f"{n:x}") | {"annotations": {"a": "y" * 1_500}} for n in range(1_500)]
    assert send(client, *alerts) == received(new=1_500)


def test_an_end_before_the_start_is_one_at_the_start(client: TestClient) -> None:
    send(client, notice("resolved", start="2026-11-23T05:40:00Z"))
    assert client.get(ALERTS).json()["alerts"][0]["ends_at"] == "2026-11-23T05:40:00Z"


def test_what_alertmanager_left_out_is_told(client: TestClient) -> None:
    """See its max_alerts."""
    body = {"alerts": [notice()], "truncatedAlerts": 12}
    assert client.post(WEBHOOK, json=body).json()["truncated"] == 12
    assert samples(client)["ops_service_alerts_truncated_total",] == 12


def test_severities_that_a_sender_invents_make_no_series(client: TestClient) -> None:
    """They are counted together."""
    send(client, *(notice(fingerprint=f"{n:x}", severity=f"word-{n}") for n in range(40)), notice())
    found = {key[1]: value for key, value in samples(client).items() if key[0] == "ops_service_alerts_firing"}
    assert found == {"critical": 0, "warning": 1, "info": 0, "other": 40}


@pytest.mark.parametrize("moment", [0, "yesterday", "2026-11-23T05:00:00", None])
def test_a_start_that_is_no_moment_is_refused(client: TestClient, moment: Any) -> None:
    """Without a zone it is none."""
    assert send(client, notice() | {"startsAt": moment}) == received(refused=1)


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


def test_long_words_and_many_numbers_hold_up_nobody(client: TestClient) -> None:
    """Each alert of the first kind took four seconds, one of the second twenty, with the lock of all."""
    words = {"summary": "y" * 4096, "description": "z" * 4096}
    numbers = {"summary": "1a " * 1300, "description": "2b " * 1300}
    labels = {f"label{number}": f"3c{number}" * 600 for number in range(100)}
    alerts = [{**notice(fingerprint=f"{number:x}"), "annotations": words} for number in range(10)]
    alerts.append({**notice(fingerprint="ff", **labels), "annotations": numbers})
    began = time.monotonic()
    assert send(client, *alerts) == received(new=11)
    assert time.monotonic() - began < 5
