"""What Grafana would render wrongly of tables."""

from collections.abc import Iterator
from typing import Any

from grafana import sizes
from tests.grafana.files import Json
from tests.grafana.rendering.parts import of_kind, properties, size


def columns(board: Json) -> Iterator[str]:
    """12, 13: headings fit into their columns; only what is wrong has a colour."""
    for name, panel, defaults in of_kind(board, "table"):
        if defaults["custom"].get("minWidth", 150) > sizes.LEAST_COLUMN:
            yield f"{name} lets no column be narrower than 150 px"
        if defaults["custom"].get("filterable"):
            yield f"{name} has a filter on every column"
        if [it["color"] for it in defaults["thresholds"]["steps"]] != ["text"]:
            yield f"{name} colours what is not wrong"
        given = dict(properties(panel))
        yield from (f"{name} {it}" for it in headings(panel, given))


def sums(board: Json) -> Iterator[str]:
    """12: the columns fit into the table, and the names get what is left."""
    for name, panel, _ in of_kind(board, "table"):
        widths = [own.get("custom.width") for _, own in properties(panel)]
        if widths.count(None) != 1:
            yield f"{name} has {widths.count(None)} columns without a width"
        if sum(it or sizes.LEAST_COLUMN for it in widths) > size(panel).inner:
            yield f"{name} is wider than its panel"


def headings(panel: Json, given: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Headings that are cut, ages that are cut, and columns that nobody made."""
    ordered = {it["displayName"] for it in panel["options"].get("sortBy", [])}
    yield from (f"is sorted by {it!r}, which it has not" for it in sorted(ordered - set(given)))
    for title, own in given.items():
        icons = sizes.FILTER_ICON * bool(own.get("custom.filterable")) + sizes.SORT_ARROW * (title in ordered)
        needed = len(title) * sizes.COLUMN_CHARACTER + sizes.COLUMN_PADDING + icons
        if own.get("custom.width", needed) < needed:
            yield f"cuts the heading {title!r}"
        if own["unit"] == "dateTimeFromNow" and own.get("custom.width", 130) < sizes.AGE_COLUMN:
            yield f"cuts the ages of {title!r}"


def left_aligned(board: Json) -> Iterator[str]:
    """14: words that are coloured stand at the left."""
    for name, panel, _ in of_kind(board, "table"):
        for title, own in properties(panel):
            if "mappings" in own and own.get("custom.align") != "left":
                yield f"{name} has words at the right in {title!r}"
