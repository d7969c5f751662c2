"""What all dashboards have in common: uid, tags, refresh, ranges, links, annotations, variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from grafanalib import core

from grafana import variables
from grafana.annotations import Mark
from grafana.grafana_json import DATASOURCE, DashboardJson, Variable, picker
from grafana.grid import Section, placed
from grafana.old_grid import Band
from grafana.old_grid import placed as old_placed

TAG = "watchroom"
SCHEMA_VERSION = 39
RANGES = ("1h", "6h", "24h", "7d")


@dataclass(frozen=True)
class Dashboard:
    """A dashboard: the question that it answers, and its sections of panels.

    `was` holds the former titles of panels that kept their meaning, whose ids stay with it.
    """

    name: str
    title: str
    question: str
    sections: Sequence[Section] | Sequence[Band]
    variables: Sequence[Variable] = ()
    since: str = "now-1h"
    marks: Sequence[Mark] = ()
    was: Mapping[str, str] = field(default_factory=dict)

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
        "annotations": core.Annotations(marks_of(board)),
        "links": [all_dashboards()],
        "panels": panels_of(board),
    }
    return DashboardJson(**fields)


def is_old(board: Dashboard) -> bool:
    """Whether it is still made of the former constructors."""
    return any(isinstance(it, Band) for it in board.sections)


def marks_of(board: Dashboard) -> list[Mark]:
    """Its annotations."""
    return [alerts_shown(), disagreements_shown()] if is_old(board) else list(board.marks)


def panels_of(board: Dashboard) -> list[Any]:
    """Its panels in their places."""
    if is_old(board):
        return list(old_placed(cast("Sequence[Band]", board.sections), board.uid))
    return list(placed(cast("Sequence[Section]", board.sections), board.uid, board.was))


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
