"""What all dashboards have in common: uid, tags, refresh, ranges, links, annotations, variables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafanalib import core

from grafana import variables
from grafana.old_grid import Band, placed
from grafana.grafana_json import DATASOURCE, DashboardJson, Variable, picker

TAG = "watchroom"
SCHEMA_VERSION = 39
RANGES = ("1h", "6h", "24h", "7d")


@dataclass(frozen=True)
class Dashboard:
    """A dashboard: the question that it answers, and its rows of panels."""

    name: str
    title: str
    question: str
    bands: Sequence[Band]
    variables: Sequence[Variable] = ()
    since: str = "now-1h"

    @property
    def uid(self) -> str:
        """The uid, which stays for good, since links are made of it."""
        return f"watchroom-{self.name}"


def shell(board: Dashboard) -> DashboardJson:
    """The dashboard as Grafana reads it."""
    fields: dict[str, Any] = {
        "title": board.title,
        "uid": board.uid,
        "description": board.question,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "timezone": "browser",
        "time": core.Time(board.since, "now"),
        "timePicker": picker(["10s", "30s", "1m", "5m", "15m"], list(RANGES)),
        "templating": core.Templating(variables_of(board)),
        "annotations": core.Annotations([alerts_shown(), disagreements_shown()]),
        "links": [all_dashboards()],
        "panels": placed(board.bands, board.uid),
    }
    return DashboardJson(**fields)


def variables_of(board: Dashboard) -> list[Variable]:
    """The shared variables and the board's own, which win over shared ones of the same name."""
    own = {str(it.name): it for it in board.variables}
    shared = {str(it.name): it for it in variables.shared()}
    return [*{**shared, **own}.values()]


def all_dashboards() -> core.DashboardLink:
    """One drop-down that leads to every dashboard and keeps time and variables."""
    return core.DashboardLink(
        title="Watchroom", tags=[TAG], asDropdown=True, includeVars=True, keepTime=True, type="dashboards"
    )


def alerts_shown() -> dict[str, Any]:
    """When alerts fired, as regions behind every graph."""
    expr = 'max by (alertname, module, severity) (ALERTS{alertstate="firing",severity!="info"})'
    return annotation("Alerts", expr, "{{alertname}} {{module}}", "severity", "#D55E00")


def disagreements_shown() -> dict[str, Any]:
    """When the backend's report and what is observed disagree."""
    expr = "max by (subject, reported, observed) (ops_self_report_disagrees) == 1"
    return annotation(
        "Reports that disagree", expr, "{{subject}}: {{reported}}, but {{observed}}", "subject", "#CC79A7"
    )


def annotation(name: str, expr: str, title: str, tags: str, colour: str) -> dict[str, Any]:
    """An annotation from a query."""
    return {
        "name": name,
        "datasource": dict(DATASOURCE),
        "enable": True,
        "hide": False,
        "iconColor": colour,
        # what Grafana before 10 reads; later ones read the target
        "expr": expr,
        "target": {"expr": expr, "refId": "Anno", "interval": "30s"},
        "titleFormat": title,
        "tagKeys": tags,
        "step": "30s",
        "useValueForTime": False,
    }
