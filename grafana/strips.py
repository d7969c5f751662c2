"""Strips: cells side by side, of the present state in words, or of numbers with their last hour."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from grafana import levels, links, mappings
from grafana.grafana_json import Panel, Query
from grafana.links import Link, of_last_hour
from grafana.mappings import Mappings
from grafana.palette import override
from grafana.panels import Json, constructor, gate_query, panel, set_queries
from grafana.sizes import (
    COUNT_CELL,
    NAME_CHARACTER,
    VALUE_CHARACTER,
    Size,
    check_cells,
    check_text,
)
from grafana.steps import Steps, neutral

NOBODY_KNOWS = "vector(NaN)"
TEXT_SIZES = {"titleSize": 13, "valueSize": 20}
EMPTY = "nothing is known"
# a course of an hour has one point for each scrape
HOUR: Json = {"timeFrom": "1h", "hideTimeOverride": True, "maxDataPoints": 300}
SCRAPE = "15s"
NEAR_ONE = 1.4


@dataclass(frozen=True)
class Cell:
    """One value of a strip: its name, its query, what it means, and what it says where nobody knows."""

    name: str
    query: Query
    about: str
    unit: str = "none"
    decimals: int | None = None
    words: Sequence[dict[str, Any]] = ()
    steps: Steps | None = None
    unknown: str = mappings.UNKNOWN
    link: Link | None = None
    least: float | None = None
    greatest: float | None = None

    def texts(self) -> list[str]:
        """Every word that the cell can show."""
        options = [option for it in self.words for option in it["options"].values()]
        return [self.unknown, *(str(option["text"]) for option in options)]

    def override(self, linked: Sequence[Link]) -> dict[str, Any]:
        """What is different for this cell."""
        own: Json = {"unit": self.unit, "noValue": self.unknown}
        own |= {"thresholds": self.steps} if self.steps else {}
        own |= {"decimals": self.decimals} if self.decimals is not None else {}
        own["mappings"] = [*self.words, *mappings.unknown(self.unknown)]
        own |= {"min": self.least} if self.least is not None else {}
        own |= {"max": self.greatest} if self.greatest is not None else {}
        own |= {"links": list(linked)} if linked else {}
        return override("byName", self.name, own)


@constructor
def word(name: str, query: Query, about: str, words: Mappings, link: Link | None = None) -> Cell:
    """A cell whose value stands for a word."""
    return Cell(name, query, about, words=words, link=link)


@constructor
def count(name: str, query: Query, about: str, steps: Steps | None = None, link: Link | None = None) -> Cell:
    """A cell that counts."""
    return Cell(name, query, about, "short", 0, steps=steps, link=link)


@constructor
def duration(name: str, query: Query, about: str, steps: Steps | None = None) -> Cell:
    """A cell of a time that has passed."""
    return Cell(name, query, about, "s", 0, steps=steps)


@constructor
def signal(name: str, of: str, query: Query, link: Link | None = None, about: str = "") -> Cell:
    """A cell of a signal's value: unit and meaning are the signal's; a cell `level` beside it judges."""
    it = levels.signal(of)
    # a course that lives near 1 would reach into its number
    above = NEAR_ONE if it.unit == "ratio" and it.direction == "below" else None
    return Cell(name, query, about or it.meaning, levels.unit(of), link=link, least=0, greatest=above)


@constructor
def level(query: Query, about: str) -> Cell:
    """A cell that says how grave the numbers beside it are by the levels in force."""
    return word("Level", query, about, mappings.levels(), links.board("alerts", "All alerts"))


@constructor
def states(title: str, size: Size, *cells: Cell) -> Panel:
    """A strip of the present state: words and numbers without a course, all of one alignment."""
    size.at_least(title, 3)
    check(title, size, cells)
    return strip(title, size, cells, [it.query.of_now() for it in cells], {"graphMode": "none"})


@constructor
def counts(title: str, size: Size, *cells: Cell) -> Panel:
    """A strip of counts of one or two digits, whose cells may be narrower."""
    size.at_least(title, 3)
    check(title, size, cells, COUNT_CELL)
    return strip(title, size, cells, [it.query.of_now() for it in cells], {"graphMode": "none"})


@constructor
def numbers(title: str, size: Size, *cells: Cell) -> Panel:
    """A strip of numbers with the course of their last hour, whatever range the dashboard shows."""
    size.at_least(title, 4)
    check(title, size, cells)
    queries = [it.query.of_range() for it in cells]
    for query in queries:
        query.interval = SCRAPE
    made = strip(title, size, [at_last_hour(it) for it in cells], queries, {"graphMode": "area"})
    made.timeFrom = HOUR["timeFrom"]
    made.hideTimeOverride, made.maxDataPoints = HOUR["hideTimeOverride"], HOUR["maxDataPoints"]
    return made


def at_last_hour(cell: Cell) -> Cell:
    """The cell with a link that hands on the hour that it shows."""
    return replace(cell, link=of_last_hour([cell.link])[0]) if cell.link else cell


def check(title: str, size: Size, cells: Sequence[Cell], least: int = 0) -> None:
    """Raise DoesNotFit where a cell is too narrow for its name or one of its words."""
    check_cells(title, size, len(cells), *([least] if least else []))
    for cell in cells:
        check_text("the name", cell.name, size.cell(len(cells)), NAME_CHARACTER)
        for text in cell.texts():
            check_text(f"the word of {cell.name!r}", text, size.cell(len(cells)), VALUE_CHARACTER)


def strip(title: str, size: Size, cells: Sequence[Cell], queries: Sequence[Query], own: Json) -> Panel:
    """The cells as a panel; each is grey as soon as nobody knows its value."""
    for cell, query in zip(cells, queries, strict=True):
        query.legendFormat = cell.name
        gate_query(query, NOBODY_KNOWS)
    defaults = {"unit": "none", "noValue": EMPTY, "color": {"mode": "thresholds"}, "fieldMinMax": True}
    about = "  \n".join(f"**{it.name}**: {it.about[0].lower()}{it.about[1:]}" for it in cells)
    made = panel("stat", title, size, about, options={**options(TEXT_SIZES), **own})
    made.defaults = {**defaults, "thresholds": neutral()}
    made.overrides = [it.override([it.link] if it.link else []) for it in cells]
    return set_queries(made, queries)


def options(sizes: Json) -> Json:
    """The options of a stat; the last value of all, since an older one would be shown as if it were new."""
    return {
        "reduceOptions": {"calcs": ["last"], "fields": "", "values": False},
        "text": dict(sizes),
        "colorMode": "value",
        "justifyMode": "auto",
        "textMode": "value_and_name",
        "orientation": "auto",
        "wideLayout": False,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    }
