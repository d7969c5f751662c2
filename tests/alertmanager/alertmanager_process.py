"""A real Alertmanager with the checked-in configuration, whose calls reach an inbox of ours."""

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
    """The checked-in configuration with the inbox in the place of the service."""
    body = yaml.safe_load(FILE.read_text())
    for receiver in body["receivers"]:
        for hook in receiver["webhook_configs"]:
            # the receiver's name in the path, so that a letter tells by whom it came
            hook["url"] = f"{inbox}/{receiver['name']}"
            hook["http_config"]["authorization"]["credentials_file"] = token_file
    return {**body, "templates": [str(FILE.parent / "templates" / "*.tmpl")]}


def push(server: AlertmanagerServer, alerts: Iterable[Labels], *, over: bool = False) -> None:
    """Tell Alertmanager that these alerts fire, or that they are over."""
    now = datetime.now(UTC)
    ends = now - timedelta(seconds=1) if over else now + timedelta(minutes=5)
    times = {"startsAt": (now - timedelta(minutes=1)).isoformat(), "endsAt": ends.isoformat()}
    annotations = {"summary": "It is so", "description": "It is so, and not otherwise."}
    body = [{"labels": dict(labels), "annotations": annotations, **times} for labels in alerts]
    request = urllib.request.Request(  # noqa: S310  (our own server)
        f"{server.url}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310  (as above)


def held_back(server: AlertmanagerServer) -> dict[str, bool]:
    """Of each alert that fires, by name, severity and module, whether another holds it back."""
    return {key(it["labels"]): bool(it["status"]["inhibitedBy"]) for it in server.get("/api/v2/alerts")}


def key(labels: Labels) -> str:
    """The name of an alert with what tells it apart."""
    return " ".join(value for _, value in sorted(labels.items()))
