"""The checked-in configuration of Alertmanager with an inbox as its receiver, and its API."""

import json
import urllib.request
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from stack.settings import ROOT
from tests.servers.prometheus_server import AlertmanagerServer

FILE = ROOT / "alertmanager" / "alertmanager.yml"
Labels = Mapping[str, str]


def configuration(inbox: str, token_file: str) -> dict[str, Any]:
    """The checked-in configuration with the inbox in place of the service."""
    body = yaml.safe_load(FILE.read_text())
    for receiver in body["receivers"]:
        for hook in receiver.get("webhook_configs", ()):
            # the path names the receiver
            hook["url"] = f"{inbox}/{receiver['name']}"
            hook["http_config"]["authorization"]["credentials_file"] = token_file
    return {**body, "templates": [str(FILE.parent / "templates" / "*.tmpl")]}


def push(server: AlertmanagerServer, alerts: Iterable[Labels], *, resolved: bool = False) -> None:
    """Send these alerts as firing or as resolved."""
    now = datetime.now(UTC)
    ends = now - timedelta(seconds=1) if resolved else now + timedelta(minutes=5)
    times = {"startsAt": (now - timedelta(minutes=1)).isoformat(), "endsAt": ends.isoformat()}
    action = "https://watchroom.example:8443/alerts?alertname=X"
    annotations = {"summary": "A summary", "description": "A description.", "action_url": action}
    body = [{"labels": dict(labels), "annotations": annotations, **times} for labels in alerts]
    request = urllib.request.Request(  # noqa: S310  (our own server)
        f"{server.url}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310  (as above)


def inhibited_alerts(server: AlertmanagerServer) -> dict[str, bool]:
    """Whether each firing alert is inhibited, by its key."""
    return {alert_key(it["labels"]): bool(it["status"]["inhibitedBy"]) for it in server.get("/api/v2/alerts")}


def alert_key(labels: Labels) -> str:
    """The labels of an alert as one text."""
    return " ".join(value for _, value in sorted(labels.items()))
