"""Our own rules: every dashboard obeys them, and each rule finds what it is for."""

import copy
import re
from collections.abc import Callable

import pytest

from tests.grafana import lint
from tests.grafana.files import Json, dashboards


@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.__name__)
def test_every_dashboard_obeys(rule: Callable[[Json], object]) -> None:
    found = {name: list(rule(board)) for name, board in dashboards().items()}  # type: ignore[call-overload]  # iterators
    assert {name: sentences for name, sentences in found.items() if sentences} == {}


def panel(board: Json, title: str) -> Json:
    """A panel of the overview."""
    return next(it for it in board["panels"] if it["title"] == title)


def query(expr: str, *, instant: bool = False) -> Callable[[Json], None]:
    """Another query for the users' requests."""

    def change(board: Json) -> None:
        panel(board, "Users, last hour")["targets"][0].update(expr=expr, instant=instant)

    return change


SPOILED: tuple[tuple[Callable[[Json], object], str, Callable[[Json], None]], ...] = (
    (lint.ids, "id", lambda b: panel(b, "Alerts").update(id=panel(b, "Modules")["id"])),
    (lint.ids, "title", lambda b: panel(b, "Alerts").update(title="Modules")),
    (lint.grid, "overlap", lambda b: panel(b, "Alerts")["gridPos"].update(x=0)),
    (lint.grid, "outside", lambda b: panel(b, "Alerts")["gridPos"].update(w=24)),
    (lint.grid, "empty", lambda b: b["panels"].remove(panel(b, "Alerts"))),
    (lint.shell, "schemaVersion", lambda b: b.update(schemaVersion=36)),
    (lint.shell, "editable", lambda b: b.update(editable=True)),
    (lint.shell, "refresh", lambda b: b.update(refresh="10s")),
    (lint.shell, "uid", lambda b: b.update(uid=None)),
    (lint.nulls, "null", lambda b: panel(b, "Alerts")["fieldConfig"]["defaults"].update(noValue="null")),
    (lint.datasources, "asks", lambda b: panel(b, "Alerts")["targets"][0].update(datasource={"uid": "abc"})),
    (lint.datasources, "asks", lambda b: b["templating"]["list"][1].update(datasource={"uid": "abc"})),
    (lint.variables, "not asked again", lambda b: b["templating"]["list"][1].update(refresh=1)),
    (lint.variables, "$nobody", query('up{job="$nobody"}')),
    (lint.words, "no title", lambda b: panel(b, "Alerts").update(title=" ")),
    (lint.words, "no description", lambda b: panel(b, "Alerts").update(description="")),
    (
        lint.words,
        "is empty",
        lambda b: panel(b, "Alerts")["fieldConfig"]["defaults"].update(noValue="No data"),
    ),
    (lint.words, "asks nothing", lambda b: panel(b, "Alerts").update(targets=[])),
    (lint.units, "no unit", lambda b: panel(b, "Alerts")["fieldConfig"]["defaults"].pop("unit")),
    (lint.units, "seconds", lambda b: panel(b, "Alerts")["fieldConfig"]["defaults"].update(unit="seconds")),
    (lint.kinds, "graph", lambda b: panel(b, "Alerts").update(type="graph")),
    (lint.kinds, "merges", lambda b: panel(b, "All modules")["transformations"].append({"id": "merges"})),
    (lint.kinds, "newest", lambda b: panel(b, "Alerts")["options"]["reduceOptions"].update(calcs=["newest"])),
    (lint.letters, "letters", lambda b: panel(b, "Alerts")["targets"][1].update(refId="A")),
    (lint.levels, "of the house", lambda b: steps(b)[1].update(value=0.31)),
    (lint.colours, "#00ff00", lambda b: steps(b)[0].update(color="#00ff00")),
    (lint.syntax, "Users, last hour", query("rate(up[5m]")),
    (lint.names, "ops_nothing", query("ops_nothing")),
    (lint.names, "no label ['modul']", query('ops_module_status{modul="search"}')),
    (lint.names, "no signal", query('ops:threshold{signal="pool"}')),
    (lint.asked_variables, "no metric", lambda b: ask(b, "label_values(ops_nothing, job)")),
    (lint.rates, "not seen as a rate", query("sum(ops_http_requests_total)")),
    (lint.rates, "not seen as a rate", query("sum(ops_http_requests_total)", instant=True)),
    (lint.rates, "look back", query("rate(ops_http_requests_total[5m])")),
)


def steps(board: Json) -> list[Json]:
    """The steps of the alerts in the table of modules."""
    column = panel(board, "All modules")["fieldConfig"]["overrides"][10]["properties"]
    found: list[Json] = next(it["value"]["steps"] for it in column if it["id"] == "thresholds")
    return found


def ask(board: Json, text: str) -> None:
    """Another question for the variable of the jobs."""
    board["templating"]["list"][1]["query"]["query"] = text


@pytest.mark.parametrize(("rule", "word", "change"), SPOILED, ids=lambda it: getattr(it, "__name__", None))
def test_each_rule_finds_its_mistake(
    rule: Callable[[Json], list[str]], word: str, change: Callable[[Json], None]
) -> None:
    board = copy.deepcopy(dashboards()["overview"])
    assert list(rule(board)) == []
    change(board)
    assert [it for it in rule(board) if word in it], f"{rule.__name__} finds nothing of {word!r}"


def test_every_rule_is_tried() -> None:
    assert {rule for rule, _, _ in SPOILED} == set(lint.RULES)


def test_every_exception_has_a_reason_and_is_used() -> None:
    said = str(dashboards())
    assert all(re.search(r"\w+ \w+ \w+", reason) for reason in lint.SUMS.values())
    assert [name for name in lint.SUMS if name not in said] == []
