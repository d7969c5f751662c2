"""What Grafana would render wrongly of numbers, strips and cards."""

import json
import re
from collections.abc import Iterator

from grafana import palette, sizes, strips
from tests.grafana.files import Json
from tests.grafana.rendering.parts import allowed, is_cards, of_kind, properties, size, words_of

GATE = "and on () (max(up{"

WINDOWED = re.compile(r"\b(rate|increase)\(|rate5m|_5m")

UNKNOWN_OR_ZERO = re.compile(r"or vector\((NaN|0)\)$")


def newest(board: Json) -> Iterator[str]:
    """2: a number is the last of all values, not the last that there was."""
    for name, panel, _ in of_kind(board, "stat", "bargauge"):
        if panel["options"]["reduceOptions"]["calcs"] != ["last"]:
            yield f"{name} keeps a value that has ended"


def ends(board: Json) -> Iterator[str]:
    """3: a number that nobody knows is NaN, so that it is shown as unknown."""
    for name, panel, _ in of_kind(board, "stat"):
        for it in panel["targets"]:
            cards = is_cards(panel) and "max_over_time(" in it["expr"]
            if not cards and not UNKNOWN_OR_ZERO.search(it["expr"]):
                yield f"{name} / {it['refId']} has no end"


def unknown(board: Json) -> Iterator[str]:
    """4: NaN has a word in every cell, and none in tables, where texts are no numbers."""
    for name, panel, defaults in of_kind(board, "stat"):
        fields = [defaults] if is_cards(panel) else [own for _, own in properties(panel)]
        if not all(any(it["type"] == "special" for it in own.get("mappings", [])) for own in fields):
            yield f"{name} has cells without a word for NaN"
    for name, _, defaults in of_kind(board, "table"):
        if defaults.get("mappings"):
            yield f"{name} maps all of its columns"


def last_hours(board: Json) -> Iterator[str]:
    """5: a course is that of the last hour, at every range of the dashboard."""
    for name, panel, _ in of_kind(board, "stat"):
        if panel["targets"][0]["instant"]:
            continue
        if (panel.get("timeFrom"), panel.get("hideTimeOverride")) != ("1h", True):
            yield f"{name} follows the range of the dashboard"
        if panel.get("maxDataPoints", 0) < 240 or any(it.get("interval") != "15s" for it in panel["targets"]):
            yield f"{name} does not show every scrape"
        if "__url_time_range" in json.dumps(panel):
            yield f"{name} hands on a range that is empty there"


def gates(board: Json) -> Iterator[str]:
    """6: what looks back over minutes is asked only while its exporter is scraped."""
    for name, panel, _ in of_kind(board, "stat"):
        for it in panel["targets"]:
            if WINDOWED.search(it["expr"]) and GATE not in it["expr"]:
                yield f"{name} / {it['refId']} outlives its exporter"


def texts(board: Json) -> Iterator[str]:
    """7: all numbers have one size."""
    for name, panel, _ in of_kind(board, "stat", "bargauge"):
        given = panel["options"].get("text", {})
        if not {"titleSize", "valueSize"} <= set(given):
            yield f"{name} lets Grafana choose its sizes"
        elif not is_kind_of_cards(panel) and given != strips.TEXT_SIZES:
            yield f"{name} has the sizes {given}"


def is_kind_of_cards(panel: Json) -> bool:
    """Whether it is a stat of cards."""
    return panel["type"] == "stat" and is_cards(panel)


def alike(board: Json) -> Iterator[str]:
    """8: cells of one strip are aligned alike, and each course has a scale of its own."""
    for name, panel, defaults in of_kind(board, "stat"):
        if len({it["instant"] for it in panel["targets"]}) > 1:
            yield f"{name} has cells with and without a course"
        if panel["options"]["textMode"] != "value_and_name":
            yield f"{name} may leave out the names of its cells"
        if not panel["targets"][0]["instant"] and not defaults.get("fieldMinMax"):
            yield f"{name} draws all courses on one scale"


def cells(board: Json) -> Iterator[str]:
    """9: no cell is narrower than a number needs."""
    for name, panel, _ in of_kind(board, "stat"):
        least = sizes.COUNT_CELL if allowed("cells", name) else sizes.CELL
        number = len(panel["targets"])
        if not is_cards(panel) and number > max(1, size(panel).inner // least):
            yield f"{name} has {number} cells"


def words_fit(board: Json) -> Iterator[str]:
    """9: no cell cuts its name, nor wraps a word over its course."""
    for name, panel, _ in of_kind(board, "stat"):
        wide = size(panel).cell(len(panel["targets"]))
        for cell, own in properties(panel):
            if len(cell) * sizes.NAME_CHARACTER > wide:
                yield f"{name} cuts the name {cell!r}"
            texts = words_of(own.get("mappings", []))
            yield from (f"{name} wraps {it!r}" for it in texts if len(it) * sizes.VALUE_CHARACTER > wide)


def one_link(board: Json) -> Iterator[str]:
    """10: a cell has one link, since two would be a menu."""
    for name, panel, defaults in of_kind(board, "stat"):
        for cell, own in [("all", defaults), *properties(panel)]:
            if len(own.get("links", [])) > 1:
                yield f"{name} has several links on {cell}"


def contrast(board: Json) -> Iterator[str]:
    """26: white can be read on every card."""
    for name, panel, defaults in of_kind(board, "stat"):
        if is_cards(panel):
            colours = {it["color"] for it in defaults["mappings"][0]["options"].values()}
            yield from (f"{name} has cards in {it}" for it in colours - set(palette.CARDS.values()))
