"""The routes, tested by amtool."""

import subprocess

import pytest
import yaml

from alertmanager.inhibitions import INHIBITOR
from prometheus.thresholds import SEVERITIES
from stack.settings import ROOT
from tests.prometheus.rule_files import alerts

FILE = ROOT / "alertmanager" / "alertmanager.yml"
RECEIVERS = {"critical": "page", "warning": "warn", "info": "record"}
OWN_ROUTES = {"Watchdog": "deadman", INHIBITOR: "null"}


def receiver_of(**labels: str) -> str:
    words = [f"{name}={value}" for name, value in labels.items()]
    command = ["amtool", "config", "routes", "test", f"--config.file={FILE}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("lane", ["fast", "slow"])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_severity_decides_the_receiver(lane: str, severity: str) -> None:
    assert receiver_of(alertname="Any", lane=lane, severity=severity) == RECEIVERS[severity]


def test_the_watchdog_goes_to_the_dead_mans_switch() -> None:
    assert receiver_of(alertname="Watchdog", lane="slow", severity="info") == "deadman"


def test_the_inhibitor_goes_nowhere() -> None:
    assert receiver_of(alertname=INHIBITOR, lane="fast", severity="info") == "null"


def test_an_unknown_alert_is_recorded() -> None:
    assert receiver_of(alertname="AnotherAlert") == "record"


def test_every_route_is_tried_above() -> None:
    routes = yaml.safe_load(FILE.read_text())["route"]["routes"]
    severities = {("fast", "critical"), ("fast", "warning"), ("critical",), ("warning",)}
    tried = {("Watchdog",), (INHIBITOR,), *severities}
    assert {tuple(it.split('"')[1] for it in route["matchers"]) for route in routes} == tried


def test_every_alert_of_the_rules_is_routed_by_its_severity() -> None:
    routes = [
        (route["receiver"], dict(it.replace('"', "").split("=") for it in route["matchers"]))
        for route in yaml.safe_load(FILE.read_text())["route"]["routes"]
    ]
    for alert in alerts():
        labels = {"alertname": alert.name, **alert.labels}
        first = next((name for name, wanted in routes if wanted.items() <= labels.items()), "record")
        assert first == OWN_ROUTES.get(alert.name, RECEIVERS[labels["severity"]])


def test_the_fast_routes_neither_wait_nor_group() -> None:
    routes = yaml.safe_load(FILE.read_text())["route"]["routes"]
    fast = [it for it in routes if 'lane="fast"' in it["matchers"]]
    assert len(fast) == 2
    for route in fast:
        assert route["group_by"] == ["..."]
        assert (route["group_wait"], route["group_interval"]) == ("0s", "250ms")
