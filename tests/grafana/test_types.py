"""The dashboards are what Grafana's own types say, and the check finds what they are not."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.grafana.files import Json, dashboards
from tests.grafana.types.compile import install, mistakes


@pytest.fixture(scope="module", autouse=True)
def types() -> None:
    """Grafana's types and the compiler, installed by the set-up or now."""
    install()


def test_every_dashboard_is_of_the_types_that_grafana_publishes(tmp_path: Path) -> None:
    assert mistakes(dashboards(), tmp_path) == []


def first(board: Json, kind: str) -> Json:
    """The first panel of a kind."""
    return next(panel for panel in board["panels"] if panel["type"] == kind)


def spoil(kind: str, path: str, value: object) -> Callable[[Json], None]:
    """A change of the first panel of a kind."""

    def change(board: Json) -> None:
        at = first(board, kind)
        *steps, last = path.split("/")
        for step in steps:
            at = at[int(step)] if isinstance(at, list) else at[step]
        at[last] = value

    return change


def crosshair(board: Json) -> None:
    """A key that Grafana has forgotten."""
    board["sharedCrosshair"] = True


SPOILED: dict[str, Callable[[Json], None]] = {
    "a misspelt option": spoil("stat", "options/colourMode", "value"),
    "a misspelt option further in": spoil("stat", "options/reduceOptions/calc", ["last"]),
    "a word that is no choice": spoil("stat", "options/graphMode", "areas"),
    "a number for a word": spoil("table", "options/cellHeight", 3),
    "a misspelt field setting": spoil("table", "fieldConfig/defaults/custom/algin", "auto"),
    "a kind of cell that there is not": spoil(
        "table", "fieldConfig/defaults/custom/cellOptions", {"type": "colour-text"}
    ),
    "a misspelt default": spoil("stat", "fieldConfig/defaults/noVal", "x"),
    "a colour mode that there is not": spoil("stat", "fieldConfig/defaults/color", {"mode": "steps"}),
    "an override of nothing": spoil(
        "table",
        "fieldConfig/overrides",
        [{"matcher": {"id": "byName", "options": "x"}, "properties": [{"id": "custom.witdh", "value": 1}]}],
    ),
    "a matcher that there is not": spoil(
        "table", "fieldConfig/overrides", [{"matcher": {"id": "byTitle", "options": "x"}, "properties": []}]
    ),
    "a misspelt link": spoil("stat", "fieldConfig/defaults/links", [{"titel": "x", "url": "/"}]),
    "a misspelt key of a query": spoil("stat", "targets/0/expression", "up"),
    "a format that there is not": spoil("stat", "targets/0/format", "rows"),
    "an unknown key of a panel": spoil("stat", "span", 4),
    "a data source by its name": spoil("stat", "datasource", "Prometheus"),
    "a threshold without a colour": spoil(
        "stat", "fieldConfig/defaults/thresholds", {"mode": "absolute", "steps": [{"value": None}]}
    ),
    "an option of the list of alerts": spoil("alertlist", "options/stateFilter/firng", True),
    "an unknown key of the dashboard": crosshair,
    "a variable of no type": lambda board: board["templating"]["list"][0].update(type="datasources"),
    "a crosshair that there is not": lambda board: board.update(graphTooltip=5),
}


def test_each_seeded_mistake_is_found(tmp_path: Path) -> None:
    spoiled = {}
    for number, (_, change) in enumerate(SPOILED.items()):
        spoiled[f"d{number}"] = copy.deepcopy(dashboards()["overview"])
        change(spoiled[f"d{number}"])
    said = mistakes(spoiled, tmp_path)
    missed = [words for number, words in enumerate(SPOILED) if not any(f"d{number}.ts" in it for it in said)]
    assert missed == []
