"""What README names is there: its verbs, its files, its faults, and the panel of its example."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from demo.faults.catalogue import FAULTS
from grafana.grafana_json import Query, query
from grafana.graphs import graph
from grafana.panels import PanelOptions
from grafana.queries.series import most, own
from grafana.sizes import Size
from stack.settings import ROOT

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
HOUSE = (Query, query, graph, PanelOptions, most, own, Size)


def found(pattern: str) -> list[str]:
    """The distinct matches in README, in order."""
    return list(dict.fromkeys(re.findall(pattern, README, re.MULTILINE)))


@pytest.mark.parametrize("target", found(r"\]\(([^)#:]+)\)"))
def test_a_link_leads_to_a_file(target: str) -> None:
    assert (ROOT / target).is_file()


@pytest.mark.parametrize("path", found(r"`([a-z_]+/[\w./]*)`"))
def test_a_path_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("verb", found(r"\bmake ([a-z][a-z-]+)"))
def test_a_verb_is_in_the_makefile(verb: str) -> None:
    assert re.search(rf"^{verb}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("name", found(r"FAULT=([a-z-]+)"))
def test_a_fault_can_be_injected(name: str) -> None:
    assert name == "clear" or name in FAULTS


def test_the_example_of_a_panel_is_one() -> None:
    [example] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    function, call = example.rsplit("\n\n\n", 1)
    names: dict[str, Any] = {it.__name__: it for it in HOUSE}
    queries = dict(names)
    exec(function, queries)  # noqa: S102 - the project's own text
    # in a dashboard the name of the query's file stands before its own
    panel = eval(call, {**names, "api": SimpleNamespace(**queries)})  # noqa: S307
    assert panel.title == "Open files"
    assert "ops_backend_open_file_descriptors" in panel.targets[0].expr
