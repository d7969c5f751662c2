"""What all dashboards have in common: uid, tags, refresh, ranges, links, annotations, variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grafanalib import core

from grafana import variables
from grafana.annotations import Mark
from grafana.grafana_json import DashboardJson, Variable, picker
from grafana.grid import Section, place_sections

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
    sections: Sequence[Section]
    variables: Sequence[Variable] = ()
    since: str = "now-1h"
    marks: Sequence[Mark] = ()
    was: Mapping[str, str] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        """The uid, which stays for good, since links are made of it."""
        return f"watchroom-{self.name}"


def dashboard_json(board: Dashboard) -> DashboardJson:
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
        "annotations": core.Annotations(list(board.marks)),
        "links": [all_dashboards()],
        "panels": place_sections(board.sections, board.uid, board.was),
    }
    return DashboardJson(**fields)


def variables_of(board: Dashboard) -> list[Variable]:
    """The shared variables and the board's own, which win over shared ones of the same name."""
    own = {str(it.name): it for it in board.variables}
    shared = {str(it.name): it for it in variables.shared_variables()}
    return [*{**shared, **own}.values()]


def all_dashboards() -> core.DashboardLink:
    """One drop-down that leads to every dashboard and keeps time and variables."""
    return core.DashboardLink(
        title="Watchroom", tags=[TAG], asDropdown=True, includeVars=True, keepTime=True, type="dashboards"
    )
