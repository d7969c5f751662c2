"""Each constructor refuses what Grafana would render wrongly, with the name and what was expected."""

from collections.abc import Callable

import pytest

from grafana import mappings, palette
from grafana.cards import cards
from grafana.grafana_json import Panel, query
from grafana.graphs import graph, timeline
from grafana.grid import lines, stack
from grafana.panels import PanelOptions
from grafana.queries.live import MEMORY, OWN, RECORDED, SCRAPED, SOURCES, YOUNG, gate
from grafana.sizes import DoesNotFit, Size
from grafana.strips import Cell, count, numbers, states
from grafana.tables import Column, table
from grafana.write import GENERATED

OPTIONS = PanelOptions("Whether it works.", "nobody knows")
OWN_UP = f"ops_backend_up{{{OWN}}}"


def cell(name: str, **more: object) -> Cell:
    """A cell of this name."""
    return Cell(name, query("up"), "Whether it works.", **more)  # type: ignore[arg-type]  # some of its fields


def rows(*columns: Column, width: int = 10) -> Panel:
    """A table of these columns."""
    return table("Rows", Size(width, 6), OPTIONS, [query("up")], columns)


REFUSED: tuple[tuple[str, Callable[[], object]], ...] = (
    ("expected at most 15 characters", lambda: states("A title that is cut", Size(4, 3), cell("Up"))),
    ("expected at most 2", lambda: states("State", Size(5, 3), *map(cell, "abc"))),
    (
        "the name .A name that is much too long.",
        lambda: states("State", Size(3, 3), cell("A name that is much too long")),
    ),
    (
        "the word of 'Up'",
        lambda: states("State", Size(3, 3), cell("Up", words=mappings.good_if("it works well enough", "no"))),
    ),
    ("is 3 high; expected at least 4", lambda: numbers("Hour", Size(6, 3), cell("Up"))),
    ("ends in a full stop", lambda: states("State", Size(6, 3), Cell("Up", query("up"), "No sentence"))),
    ("'Node' of 'Rows' is 30 px; expected", lambda: rows(Column("a", "Name"), Column("b", "Node", 30))),
    ("expected one, of names", lambda: rows(Column("a", "Name"), Column("b", "Node"))),
    ("leaves", lambda: rows(Column("a", "Name"), *(Column(it, it, 250) for it in "bc"))),
    ("expected 130", lambda: rows(Column("a", "Name"), Column("b", "Last", 100, "dateTimeFromNow"))),
    ("has no words", lambda: timeline("States", Size(8, 8), OPTIONS, query("up"), words=[])),
    ("end with their series", lambda: cards("Cards", Size(8, 8), OPTIONS, query("up", "{{job}}"), 9)),
    (
        "names 9 series",
        lambda: graph("Lines", Size(8, 8), OPTIONS, query("up", "{{job}}"), names=tuple("abcdefghi")),
    ),
    ("is 6 high", lambda: graph("Lines", Size(8, 6), OPTIONS, query("up", "{{job}}"))),
    ("expected 24 columns", lambda: list(lines([states("State", Size(6, 3), cell("Up"))]))),
    (
        r"graph 'Lines' is given unit='parsecs'; expected PanelOptions\(unit=...\)",
        lambda: graph("Lines", Size(8, 8), OPTIONS, query("up", "up"), unit="parsecs"),  # type: ignore[call-arg]  # not one
    ),
    (
        "count 'Up' is given unit='s'; expected one of name, query, about, steps, link",
        lambda: count("Up", query("up"), "Whether it works.", unit="s"),  # type: ignore[call-arg]  # as above
    ),
    (
        "'Lines' has the unit 'parsecs'; expected one of Grafana's, such as 's'",
        lambda: graph("Lines", Size(8, 8), PanelOptions("It.", "nothing", "parsecs"), query("up", "up")),
    ),
    (
        "'pool_used' is no signal of thresholds.yml; expected one such as pool_use",
        lambda: graph("Lines", Size(8, 8), PanelOptions("It.", "nothing", signal="pool_used"), query("up")),
    ),
    (
        "'Node' of 'Rows' has the unit 'seconds'; expected one of Grafana's",
        lambda: rows(Column("a", "Name"), Column("b", "Node", 80, "seconds")),
    ),
    (
        "'Up' of 'State' has the unit 5; expected one of Grafana's",
        lambda: states("State", Size(6, 3), cell("Up", unit=5)),
    ),
    (
        "expected one width",
        lambda: stack(*(states("State", Size(w, 3), cell("Up")) for w in (6, 8))).size,
    ),
)


@pytest.mark.parametrize(("words", "make"), REFUSED, ids=lambda it: it if isinstance(it, str) else "")
def test_what_would_be_rendered_wrongly_is_refused(words: str, make: Callable[[], object]) -> None:
    with pytest.raises((DoesNotFit, ValueError), match=words):
        make()


@pytest.mark.parametrize(
    ("expr", "conditions"),
    [
        (OWN_UP, [SCRAPED]),
        ("max(ops:status:code)", [SCRAPED]),
        (f"sum(rate(x_total{{{OWN}}}[$__rate_interval]))", [SCRAPED, f"group(x_total{{{OWN}}})"]),
        (f"rate(x_bucket{{{OWN}}}[5m])", [SCRAPED, f"group(x_count{{{OWN}}})"]),
        (
            "sum(rate(alertmanager_notifications_total[$__rate_interval]))",
            [
                YOUNG.format('job="alertmanager"', MEMORY),
                "group(alertmanager_notifications_total)",
            ],
        ),
        ('max(ops:threshold{signal="pool_use"})', []),
        ('ALERTS{alertstate="firing"}', []),
        ("sum(increase(x_total[$__range]))", []),
    ],
)
def test_a_query_is_asked_only_while_what_it_looks_at_is_there(expr: str, conditions: list[str]) -> None:
    asked = [f"({expr})", *(f"({it})" for it in conditions)] if conditions else [expr]
    assert gate(expr) == " and on () ".join(asked)


@pytest.mark.parametrize("name", palette.CARDS)
def test_white_can_be_read_on_every_card(name: str) -> None:
    assert 1.05 / (luminance(palette.CARDS[name]) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """How bright a colour is, by WCAG."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (it / 12.92 if it <= 0.03928 else ((it + 0.055) / 1.055) ** 2.4 for it in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    "words",
    [
        mappings.status(), mappings.calm_status(), mappings.cards(), mappings.severity(), mappings.levels(),
        mappings.data(), mappings.good_if("up", "down"), mappings.bad_if("no", "yes"), mappings.alerts(),
    ],
)  # fmt: skip
def test_every_state_has_a_symbol_beside_its_colour(words: mappings.Mappings) -> None:
    texts = [it["text"] for mapping in words for it in mapping["options"].values()]
    assert [it for it in texts if it[:2] not in {f"{symbol} " for symbol in "✔▲✖?i"}] == []


def test_each_source_of_recorded_series_is_that_of_a_query() -> None:
    """A name that fits none takes the condition from a panel, whose numbers are then memories."""
    read = {subject for file in GENERATED.glob("*.json") for subject in RECORDED.findall(file.read_text())}
    assert [start for start in SOURCES if not any(it.startswith(start) for it in read)] == []
