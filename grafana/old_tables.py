"""Tables: rows of labels and values, each column with its unit, words, colours and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana.grafana_json import Panel, Query
from grafana.old_panels import Links, Says, made
from grafana.palette import override, plain


@dataclass(frozen=True)
class Column:
    """One column: `source` is a label, or the letter of the query whose values it shows."""

    source: str
    title: str
    unit: str = "none"
    empty: str = "-"
    width: int | None = None
    links: Links = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def override(self) -> dict[str, Any]:
        """What is different for this column."""
        coloured = "mappings" in self.more or "thresholds" in self.more
        cell = {"custom.cellOptions": {"type": "color-text"}} if coloured else {}
        wide = {"custom.width": self.width} if self.width else {}
        linked = {"links": list(self.links)} if self.links else {}
        own = {"unit": self.unit, "noValue": self.empty, **wide, **cell, **linked, **self.more}
        return override("byName", self.title, own)

    def name(self, queries: int) -> str:
        """The field that Grafana makes of the source."""
        if not self.source.isupper():
            return self.source
        return f"Value #{self.source}" if queries > 1 else "Value"


def table(
    title: str, *queries: Query, says: Says, columns: Sequence[Column], sort: str = "", rising: bool = False
) -> Panel:
    """Rows in the order of the column `sort`, the greatest first; what is no column is not shown."""
    options: dict[str, Any] = {"showHeader": True, "cellHeight": "sm", "frameIndex": 0}
    # on a narrow screen a table scrolls sideways; its first column stays
    options["frozenColumns"] = {"left": 1}
    if sort:
        options["sortBy"] = [{"displayName": sort, "desc": not rising}]
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False}
    defaults = says.defaults(custom=custom, thresholds=plain(), color={"mode": "thresholds"})
    panel = made("table", title, queries, says, defaults=defaults, options=options)
    panel.overrides = [column.override() for column in columns]
    panel.transformations = arranged(columns, len(queries))
    return panel


def arranged(columns: Sequence[Column], queries: int) -> list[dict[str, Any]]:
    """Transformations that put the answers side by side, keep the columns, and name them."""
    names = {column.name(queries): column.title for column in columns}
    merge = [{"id": "merge", "options": {}}] if queries > 1 else []
    keep = {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}}
    indexes = {name: place for place, name in enumerate(names)}
    organize = {"excludeByName": {}, "indexByName": indexes, "renameByName": names}
    return [*merge, keep, {"id": "organize", "options": organize}]
