"""The alerts: they compare, have all annotations, and link to what exists."""

import json
import re
from functools import cache
from typing import get_args

import promql_parser as ql

from prometheus.annotations import Dashboard, Page
from tests.prometheus import promql
from tests.prometheus.rule_checks import each_alert, labels_of
from tests.prometheus.rule_files import FOLDER, Rule

ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url", "action_url"}


@each_alert
def test_an_alert_compares(rule: Rule) -> None:
    expr = ql.parse(rule.expr)
    assert promql.compares(expr) or promql.calls(expr, "absent")


@each_alert
def test_an_alert_on_absence_has_a_hold(rule: Rule) -> None:
    assert rule.hold != "0s" or not promql.calls(ql.parse(rule.expr), "absent")


@each_alert
def test_an_alert_has_all_annotations(rule: Rule) -> None:
    assert rule.annotations.keys() == ANNOTATIONS
    assert all(rule.annotations.values())
    assert rule.annotations["description"].endswith(".")
    assert not rule.annotations["summary"].endswith(".")
    assert rule.labels["severity"] in ("info", "warning", "critical")
    assert rule.labels["lane"] == ("fast" if rule.group.startswith("fast") else "slow")
    assert re.fullmatch(r"[A-Z][A-Za-z]+", rule.name)


@each_alert
def test_texts_name_only_existing_labels(rule: Rule) -> None:
    there = promql.kept(ql.parse(rule.expr), labels_of) | frozenset(rule.labels)
    for text in rule.annotations.values():
        for label in re.findall(r"\$labels\.(\w+)", text):
            assert label in there, f"{label} does not survive in {rule.expr}; {sorted(there)} do"


@each_alert
def test_values_in_texts_are_humanized(rule: Rule) -> None:
    for text in rule.annotations.values():
        for written in re.findall(r"{{ \$value[^}]*}}", text):
            assert "humanize" in written or "printf" in written, written


@each_alert
def test_links_have_existing_targets(rule: Rule) -> None:
    dashboards = {f"{{{{ $externalLabels.grafana_url }}}}/d/watchroom-{name}" for name in get_args(Dashboard)}
    pages = {f"{{{{ $externalLabels.service_url }}}}{page}" for page in get_args(Page)}
    assert rule.annotations["dashboard_url"].partition("?")[0] in dashboards
    assert rule.annotations["action_url"].partition("?")[0] in pages
    assert rule.annotations["runbook_url"] == f"{{{{ $externalLabels.runbooks_url }}}}#{rule.name.lower()}"


@each_alert
def test_dashboard_links_set_only_existing_variables(rule: Rule) -> None:
    name = re.findall(r"watchroom-(\w+)", rule.annotations["dashboard_url"])[0]
    assert set(re.findall(r"var-(\w+)=", rule.annotations["dashboard_url"])) <= variables(name)


@cache
def variables(name: str) -> set[str]:
    """The variables of a dashboard, without the common ones."""
    board = json.loads((FOLDER.parent / "grafana" / "generated" / f"{name}.json").read_text())
    return {it["name"] for it in board["templating"]["list"]} - {"datasource", "job", "instance", "service"}


def test_every_linked_dashboard_is_generated() -> None:
    uids = {
        json.loads(file.read_text())["uid"]
        for file in (FOLDER.parent / "grafana" / "generated").glob("*.json")
    }
    assert {f"watchroom-{name}" for name in get_args(Dashboard)} <= uids
