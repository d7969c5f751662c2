"""Tables: rows of labels and values, each column with its width, unit, words, colours and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from grafana.grafana_json import Panel, Query
from grafana.links import Link
from grafana.mappings import UNKNOWN
from grafana.palette import override
from grafana.panels import Json, PanelOptions, constructor, gate_query, panel, set_queries
from grafana.sizes import (
    AGE_COLUMN,
    FILTER_ICON,
    LEAST_COLUMN,
    SORT_ARROW,
    DoesNotFit,
    Size,
    column_width,
)
from grafana.steps import Steps, neutral

AGE = "dateTimeFromNow"
# where nobody tells a time: that it never was, is more than is known
NOT_TOLD = "not told"


@dataclass(frozen=True)
class Column:
    """One column: `source` is a label, or the letter of the query whose values it shows.

    `width` is in pixels; the one column without a width takes what is left, and holds names.
    """

    source: str
    title: str
    width: int | None = None
    unit: str = "none"
    empty: str = UNKNOWN
    decimals: int | None = None
    words: Sequence[dict[str, Any]] = ()
    steps: Steps | None = None
    links: Sequence[Link] = ()
    sort: Literal["", "greatest first", "least first"] = ""
    filterable: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needed(self) -> int:
        """The width that the heading needs."""
        icons = SORT_ARROW * bool(self.sort) + FILTER_ICON * self.filterable
        return max(column_width(self.title) + icons, AGE_COLUMN if self.unit == AGE else 0)

    def override(self) -> dict[str, Any]:
        """What is different for this column; words stand at the left, coloured or not."""
        own: Json = {"unit": self.unit, "noValue": self.empty}
        own |= {"custom.width": self.width} if self.width else {}
        own |= {"custom.filterable": True} if self.filterable else {}
        own |= {"decimals": self.decimals} if self.decimals is not None else {}
        if self.words or self.steps:
            own["custom.cellOptions"] = {"type": "color-text"}
        own |= {"mappings": list(self.words), "custom.align": "left"} if self.words else {}
        own |= {"thresholds": self.steps} if self.steps else {}
        own |= {"custom.align": "left"} if self.unit == AGE else {}
        own |= {"links": list(self.links)} if self.links else {}
        return override("byName", self.title, {**own, **self.more})

    def name(self, queries: int) -> str:
        """The field that Grafana makes of the source."""
        if not self.source.isupper():
            return self.source
        return f"Value #{self.source}" if queries > 1 else "Value"


@constructor
def table(
    title: str, size: Size, options: PanelOptions, queries: Sequence[Query], columns: Sequence[Column]
) -> Panel:
    """Rows in the order of the columns that sort, the first of them first; what is no column is not shown.

    Raises DoesNotFit where a column would be cut or pushed out of the panel.
    """
    size.at_least(title, 4)
    check(title, size, columns)
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}
    custom |= {"filterable": False, "minWidth": LEAST_COLUMN}
    made = panel("table", title, size, options.about, options=table_options(columns))
    made.defaults = options.defaults(
        unit="none", custom=custom, thresholds=neutral(), color={"mode": "thresholds"}
    )
    made.overrides = [column.override() for column in columns]
    made.transformations = transformations(columns, len(queries))
    return set_queries(made, [gate_query(it.as_rows()) for it in queries])


def table_options(columns: Sequence[Column]) -> Json:
    """The options of a table; on a narrow screen it scrolls sideways, and its first column stays."""
    sort = [{"displayName": it.title, "desc": it.sort == "greatest first"} for it in columns if it.sort]
    look: Json = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0, "frozenColumns": {"left": 1}}
    return {**look, "sortBy": sort} if sort else look


def check(title: str, size: Size, columns: Sequence[Column]) -> None:
    """Raise DoesNotFit where the columns are wider than the table, or narrower than their headings."""
    free = [it for it in columns if it.width is None]
    if len(free) != 1:
        named = [it.title for it in free]
        raise DoesNotFit(f"{title!r} has the columns {named} without a width; expected one, of names")
    for it in columns:
        if it.width is not None and it.width < it.needed:
            raise DoesNotFit(f"the column {it.title!r} of {title!r} is {it.width} px; expected {it.needed}")
    left, wanted = free_width(size, columns), max(LEAST_COLUMN, free[0].needed)
    if left < wanted:
        raise DoesNotFit(f"{title!r} leaves {left:.0f} px to {free[0].title!r}; expected {wanted}")


def free_width(size: Size, columns: Sequence[Column]) -> float:
    """What the columns with a width leave to the one without."""
    return size.inner - sum(it.width or 0 for it in columns)


def transformations(columns: Sequence[Column], queries: int) -> list[dict[str, Any]]:
    """Transformations that put the answers side by side, keep the columns, and name them."""
    names = {column.name(queries): column.title for column in columns}
    merge = [{"id": "merge", "options": {}}] if queries > 1 else []
    keep = {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}}
    indexes = {name: place for place, name in enumerate(names)}
    organize = {"excludeByName": {}, "indexByName": indexes, "renameByName": names}
    return [*merge, keep, {"id": "organize", "options": organize}]
