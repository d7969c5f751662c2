"""A new panel is one named query and one call; everything else comes with the house."""

import json
from typing import Any

from grafana.dashboard import Dashboard
from grafana.grafana_json import Query, query
from grafana.graphs import graph
from grafana.grid import section
from grafana.panels import PanelOptions
from grafana.queries.series import most, own
from grafana.sizes import Size
from grafana.write import parse
from tests.grafana.lint import RULES


def open_files() -> Query:
    """Files that the backend holds open."""
    return query(most(own("ops_backend_open_file_descriptors")), "open files")


def made() -> dict[str, Any]:
    """A dashboard of this one panel."""
    options = PanelOptions("Files that the backend holds open.", "the backend does not tell")
    panel = graph("Open files", Size(24, 8), options, open_files())
    return parse(Dashboard("trial", "Trial", "How many files are open?", (section("Files", panel),)))


def test_a_new_panel_obeys_every_rule() -> None:
    board = made()
    assert {rule.__name__: list(rule(board)) for rule in RULES if list(rule(board))} == {}


def test_it_has_its_place_its_id_and_its_words() -> None:
    header, panel = made()["panels"]
    assert (header["title"], panel["gridPos"]) == ("Files", {"h": 8, "w": 24, "x": 0, "y": 1})
    assert panel["description"] == "Files that the backend holds open."
    assert panel["fieldConfig"]["defaults"]["noValue"] == "the backend does not tell"
    assert json.dumps(panel) == json.dumps(made()["panels"][1])
