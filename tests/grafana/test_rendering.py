"""Nothing is generated that a real Grafana renders wrongly, and each rule of that finds what it is for."""

import copy
import re
from collections.abc import Callable, Iterator

import pytest

from tests.grafana.files import Json, dashboards, panels
from tests.grafana.rendering import RULES, graphs, layout, sources, strips, tables
from tests.grafana.rendering.parts import EXCEPTIONS
from tests.grafana.widths import LONGEST, free_columns

Rule = Callable[[Json], Iterator[str]]
Change = Callable[[Json], object]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_dashboard_obeys(rule: Rule) -> None:
    found = {name: list(rule(board)) for name, board in dashboards().items()}
    assert {name: sentences for name, sentences in found.items() if sentences} == {}


def test_every_exception_has_a_reason_and_is_used() -> None:
    names = {f"{name} / {it['title']}" for name, board in dashboards().items() for it in panels(board)}
    for given in EXCEPTIONS.values():
        assert set(given) <= names | set(dashboards())
        assert [name for name, reason in given.items() if not re.search(r"\w+ \w+ \w+", reason)] == []


def test_the_longest_names_are_read_whole_in_every_table() -> None:
    cut = [
        f"{where}: {text!r} needs {needed} px and has {width:.0f}"
        for name, board in dashboards().items()
        for where, text, needed, width in free_columns(name, board)
        if needed > width
    ]
    assert cut == []
    assert all(LONGEST.values())


def panel(board: Json, title: str) -> Json:
    """A panel of this title."""
    return next(it for it in panels(board) if it["title"] == title)


def at(title: str, path: str, value: object) -> Change:
    """A change of one place of a panel."""

    def change(board: Json) -> None:
        here = panel(board, title)
        *steps, last = path.split("/")
        for step in steps:
            here = here[int(step)] if isinstance(here, list) else here[step]
        here[int(last) if isinstance(here, list) else last] = value

    return change


def drop(title: str, path: str, key: str) -> Change:
    """A change that takes one key away."""

    def change(board: Json) -> None:
        here = panel(board, title)
        for step in path.split("/") if path else []:
            here = here[int(step)] if isinstance(here, list) else here[step]
        del here[key]

    return change


def second_mark(board: Json) -> None:
    """All kinds of marks at once."""
    for it in board["annotations"]["list"]:
        it["enable"] = True


def everybodys_mark(board: Json) -> None:
    """Marks of every critical alert."""
    board["annotations"]["list"][0]["expr"] = 'ALERTS{severity="critical"}'


def all_shown(board: Json) -> None:
    """Every variable is shown."""
    for it in board["templating"]["list"]:
        it["hide"] = 0


def heading_first(board: Json) -> None:
    """A row above the first line."""
    board["panels"].insert(
        0, {**next(it for it in board["panels"] if it["type"] == "row"), "collapsed": False}
    )
    board["panels"][0]["gridPos"] = {"x": 0, "y": 0, "w": 24, "h": 1}


def opened(board: Json) -> None:
    """A closed row that forgot its panels."""
    next(it for it in board["panels"] if it.get("collapsed"))["panels"] = []


STRIP, TABLE, GRAPH, HOUR, STACK = "Status", "Queues", "Messages waiting", "Last hour", "Tasks by outcome"
TASKS, STATES = "Task duration p95", "Status over time"
OVERRIDES, DEFAULTS = "fieldConfig/overrides", "fieldConfig/defaults"
QUERY = "targets/0/expr"
FIRST = f"{OVERRIDES}/0/properties"
RAW, ADDED = "rate(ops_http_requests_total[5m])", "sum(module:ops_http_requests:rate5m)"
SPOILED: tuple[tuple[Rule, str, str, Change], ...] = (
    (graphs.timelines, "module", "no words", at(STATES, f"{DEFAULTS}/color", {"mode": "thresholds"})),
    (graphs.timelines, "module", "legend", at(STATES, "options/legend/showLegend", True)),
    (strips.newest, "workers", "ended", at(STRIP, "options/reduceOptions/calcs", ["lastNotNull"])),
    (strips.ends, "workers", "no end", at(STRIP, QUERY, "up")),
    (strips.unknown, "workers", "NaN", at(STRIP, FIRST, [])),
    (strips.unknown, "workers", "columns", at(TABLE, f"{DEFAULTS}/mappings", [{}])),
    (strips.last_hours, "workers", "range of the dashboard", drop(HOUR, "", "timeFrom")),
    (strips.last_hours, "workers", "every scrape", at(HOUR, "targets/0/interval", "1m")),
    (strips.last_hours, "workers", "empty", at(HOUR, "links", [{"url": "${__url_time_range}"}])),
    (strips.gates, "workers", "outlives", at(HOUR, "targets/2/expr", "rate(x[5m]) or vector(NaN)")),
    (strips.texts, "workers", "sizes", drop(STRIP, "options", "text")),
    (strips.texts, "workers", "has the sizes", at(STRIP, "options/text/valueSize", 40)),
    (strips.alike, "workers", "without a course", at(STRIP, "targets/0/instant", False)),
    (strips.alike, "workers", "names", at(STRIP, "options/textMode", "auto")),
    (strips.alike, "workers", "one scale", drop(HOUR, DEFAULTS, "fieldMinMax")),
    (strips.cells, "workers", "4 cells", at(STRIP, "gridPos/w", 6)),
    (strips.words_fit, "workers", "cuts the name", at(STRIP, f"{OVERRIDES}/0/matcher/options", "x" * 20)),
    (strips.words_fit, "workers", "wraps", at(STRIP, "gridPos/w", 5)),
    (strips.one_link, "workers", "several links", at(STRIP, f"{DEFAULTS}/links", [{"url": ""}] * 2)),
    (strips.contrast, "overview", "cards in",
     at("Dependencies", f"{DEFAULTS}/mappings/0/options/0/color", "#fff")),
    (layout.titles, "workers", "is cut", at(STRIP, "title", "x" * 60)),
    (layout.titles, "workers", "riddle", at(STRIP, "title", "Says")),
    (tables.columns, "workers", "150 px", drop(TABLE, f"{DEFAULTS}/custom", "minWidth")),
    (tables.columns, "workers", "filter", at(TABLE, f"{DEFAULTS}/custom/filterable", True)),
    (tables.columns, "workers", "not wrong", at(TABLE, f"{DEFAULTS}/thresholds/steps/0/color", "green")),
    (tables.columns, "workers", "has not", at(TABLE, "options/sortBy", [{"displayName": "x", "desc": True}])),
    (tables.columns, "workers", "cuts the heading", at(TABLE, f"{OVERRIDES}/1/properties/2/value", 30)),
    (tables.sums, "workers", "wider", at(TABLE, "gridPos/w", 8)),
    (tables.sums, "workers", "without a width", at(TABLE, f"{OVERRIDES}/1/properties/2/id", "x")),
    (tables.left_aligned, "workers", "at the right",
     at(TABLE, f"{OVERRIDES}/3/properties", [{"id": "mappings", "value": []}])),
    (graphs.from_zero, "workers", "zero", drop(GRAPH, DEFAULTS, "min")),
    (graphs.from_zero, "workers", "palette", at(GRAPH, f"{DEFAULTS}/color/mode", "palette-classic")),
    (graphs.from_zero, "workers", "status", at(GRAPH, f"{FIRST}/0/value/fixedColor", "#D55E00")),
    (graphs.legends, "workers", "sort", at(TASKS, "options/legend/displayMode", "list")),
    (graphs.legends, "workers", "lists", at(TASKS, f"{FIRST}/5/id", "x")),
    (graphs.tops, "workers", "every step", at(TASKS, QUERY, "topk(5, up)")),
    (graphs.tops, "workers", "minute", at(TASKS, QUERY, "count_over_time(ALERTS[1h:1m])")),
    (layout.marks, "workers", "kinds of marks", second_mark),
    (layout.marks, "workers", "not shown", everybodys_mark),
    (sources.one_source, "workers", "reads ops_http", at(GRAPH, QUERY, RAW)),
    (sources.one_source, "workers", "reads module:", at(GRAPH, QUERY, ADDED)),
    (layout.few_variables, "workers", "second line", all_shown),
    (layout.addresses, "workers", "breaks", at(STRIP, "links", [{"url": "x?${__data.fields.name}"}])),
    (layout.hidden, "workers", "closed row", at(STRIP, f"{DEFAULTS}/noValue", "only on PostgreSQL")),
    (layout.closed_rows, "workers", "holds 0", opened),
    (layout.first_line, "workers", "heading", heading_first),
    (layout.first_line, "workers", "ends with", at("Data and alerts", "targets", [])),
    (layout.first_screen, "workers", "first screen", at(STRIP, "gridPos/y", 90)),
    (layout.symbols, "workers", "'up'", at(STRIP, f"{FIRST}/2/value/0/options/1/text", "up")),
    (layout.heights, "workers", "expected 4", at(TABLE, "gridPos/h", 3)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "name", "word", "change"), SPOILED, ids=lambda it: getattr(it, "__name__", None)
)
def test_each_rule_finds_its_mistake(rule: Rule, name: str, word: str, change: Change) -> None:
    board = copy.deepcopy(dashboards()[name])
    assert list(rule(board)) == []
    change(board)
    assert [it for it in rule(board) if word in it], (
        f"{rule.__name__} finds nothing of {word!r}: {list(rule(board))}"
    )


def test_every_rule_is_tried() -> None:
    assert {rule for rule, *_ in SPOILED} == set(RULES)
