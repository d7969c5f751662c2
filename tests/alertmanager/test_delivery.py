"""Notifications: their receiver, token and texts, and their delivery under a storm."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alertmanager.alertmanager_process import FILE, configuration, push
from tests.alertmanager.inbox import Inbox, open_inbox
from tests.servers.fixtures import StartAlertmanager
from tests.servers.prometheus_server import AlertmanagerServer
from tests.servers.waiting import eventually

STORM = 400


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with open_inbox() as it:
        yield it


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "webhook-token"
    path.write_text("a token\n")
    return path


@pytest.fixture
def server(alertmanager: StartAlertmanager, inbox: Inbox, token: Path) -> AlertmanagerServer:
    return alertmanager(configuration(inbox.url, str(token)))


def fast(name: str, severity: str = "critical", **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, "lane": "fast", **labels}


def test_a_page_carries_the_token_of_its_file_and_names_its_receiver(
    server: AlertmanagerServer, inbox: Inbox
) -> None:
    push(server, [fast("DatabaseDown"), fast("WorkerQueueLong", "warning", queue_name="default")])
    eventually(lambda: len(inbox.notifications) == 2)
    assert {notification.path for notification in inbox.notifications} == {"/page", "/warn"}
    assert {notification.authorization for notification in inbox.notifications} == {"Bearer a token"}


def test_a_resolved_alert_is_sent_as_well(server: AlertmanagerServer, inbox: Inbox) -> None:
    push(server, [fast("DatabaseDown")])
    eventually(inbox.alerts)
    push(server, [fast("DatabaseDown")], resolved=True)
    assert eventually(lambda: inbox.alerts("resolved"))[0]["labels"]["alertname"] == "DatabaseDown"


def test_a_storm_of_400_alerts_is_sent_alert_by_alert(server: AlertmanagerServer, inbox: Inbox) -> None:
    storm = [fast("WorkerQueueLong", queue_name=f"queue-{number}") for number in range(STORM)]
    push(server, storm)
    eventually(lambda: len(inbox.alerts()) >= STORM, within=20)
    assert len({it["labels"]["queue_name"] for it in inbox.alerts()}) == STORM


def test_a_missing_token_delays_the_page_until_it_is_there(
    server: AlertmanagerServer, inbox: Inbox, token: Path
) -> None:
    token.unlink()
    push(server, [fast("DatabaseDown")])
    eventually(lambda: "unable to read authorization credentials file" in server.output())
    assert inbox.notifications == []
    token.write_text("again")
    eventually(inbox.alerts, within=10)
    assert inbox.notifications[0].authorization == "Bearer again"


def test_a_message_has_the_summary_then_the_links(
    alertmanager: StartAlertmanager, inbox: Inbox, tmp_path: Path
) -> None:
    address = tmp_path / "chat"
    address.write_text(f"{inbox.url}/chat")
    chat = {
        "api_url_file": str(address),
        "channel": "#operations",
        "send_resolved": True,
        "title": '{{ template "watchroom.subject" . }}',
        "text": '{{ template "watchroom.text" . }}',
    }
    config = {
        "route": {
            "receiver": "chat",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "group_interval": "250ms",
        },
        "receivers": [{"name": "chat", "slack_configs": [chat]}],
        "templates": [str(FILE.parent / "templates" / "*.tmpl")],
    }
    server = alertmanager(config)
    push(server, [fast("DatabaseDown", module="a"), fast("DatabaseDown", module="b")])
    said = eventually(lambda: inbox.notifications)[0].body["attachments"][0]
    assert said["title"] == "[critical] A summary (and 1 more)"
    assert said["text"].startswith("A summary\nA description.\nSince ")
    assert said["text"].count("Runbook: ") == 2
    incident = r"Incident: https://watchroom\.example:8443/incidents/[0-9a-f]{16}\?start=\d{10}\n"
    assert len(re.findall(incident, said["text"])) == 2
    push(server, [fast("DatabaseDown", module="a"), fast("DatabaseDown", module="b")], resolved=True)
    eventually(
        lambda: inbox.notifications[-1].body["attachments"][0]["title"].startswith("[resolved] A summary")
    )
