"""The dashboards are what Grafana's own types say, and the check finds what they are not."""

import copy
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.grafana.files import Json, dashboards
from tests.grafana.types.compile import HERE, install, mistakes


@pytest.fixture(scope="module", autouse=True)
def types() -> None:
    """Grafana's types and the compiler, installed by the set-up or now."""
    install()


def test_types_that_cannot_be_installed_are_told_in_one_sentence(tmp_path: Path) -> None:
    copied = tmp_path / "a checkout" / "tests" / "grafana" / "types"
    shutil.copytree(HERE, copied, ignore=shutil.ignore_patterns("node_modules"))
    for package in copied.parents[:2]:
        (package / "__init__.py").touch()
    refused = {"npm_config_registry": "http://127.0.0.1:1", "npm_config_fetch_retries": "0"}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.grafana.types"],
        cwd=tmp_path / "a checkout",
        env={**os.environ, **refused, "npm_config_cache": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("set-up: npm could not install Grafana's types (code ECONNREFUSED; ")
    assert ended.stderr.endswith("if you use one of your own, then try again.\n")
    assert ended.stderr.count("\n") == 1


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
        spoiled[f"d{number}"] = copy.deepcopy(dashboards()["alerts"])
        change(spoiled[f"d{number}"])
    said = mistakes(spoiled, tmp_path)
    missed = [words for number, words in enumerate(SPOILED) if not any(f"d{number}.ts" in it for it in said)]
    assert missed == []
