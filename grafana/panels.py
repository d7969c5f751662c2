"""One constructor for each kind of panel: the house look stands here, a panel says only what is its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana.modern import DATASOURCE, Modern, Query
from grafana.palette import level_overrides, status_mappings

Links = Sequence[Mapping[str, Any]]
LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
LINES = {
    "drawStyle": "line",
    "lineWidth": 2,
    "fillOpacity": 10,
    "showPoints": "never",
    "spanNulls": False,
    "thresholdsStyle": {"mode": "off"},
}


@dataclass(frozen=True)
class Says:
    """What a panel says about itself: what it means and what to do, and what an empty one means."""

    about: str
    empty: str
    unit: str = "short"
    links: Links = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    def defaults(self, **own: Any) -> dict[str, Any]:
        """The field defaults of the panel."""
        links = {"links": list(self.links)} if self.links else {}
        return {"unit": self.unit, "noValue": self.empty, **links, **self.more, **own}


def timeseries(title: str, *queries: Query, says: Says, stack: bool = False) -> Modern:
    """Lines over time; levels of signals are drawn by queries made with `levels_of`."""
    custom = {**LINES, **({"stacking": {"mode": "normal", "group": "A"}} if stack else {})}
    options = {"legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}
    defaults = says.defaults(custom=custom, color={"mode": "palette-classic"})
    return made(
        "timeseries", title, queries, says, defaults=defaults, options=options, overrides=level_overrides()
    )


def stat(title: str, *queries: Query, says: Says, graph: bool = True) -> Modern:
    """The present value, large, with its recent course behind it."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area" if graph else "none",
        "justifyMode": "auto",
        "textMode": "auto",
        "orientation": "auto",
    }
    return made("stat", title, queries, says, defaults=says.defaults(), options=options)


def gauge(title: str, *queries: Query, says: Says) -> Modern:
    """A present value against its levels."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showThresholdLabels": False,
        "showThresholdMarkers": True,
        "orientation": "auto",
    }
    return made("gauge", title, queries, says, defaults=says.defaults(), options=options)


def bars(title: str, *queries: Query, says: Says) -> Modern:
    """Present values side by side as horizontal bars, the biggest on top."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "displayMode": "basic",
        "orientation": "horizontal",
        "valueMode": "color",
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizHeight": 16,
        "minVizWidth": 8,
        "maxVizHeight": 300,
    }
    return made("bargauge", title, queries, says, defaults=says.defaults(), options=options)


def table(
    title: str, *queries: Query, says: Says, columns: Mapping[str, str], hide: Sequence[str] = ()
) -> Modern:
    """Rows of labels and values; `columns` renames and orders, what is in `hide` is not shown."""
    merge = [{"id": "merge", "options": {}}] if len(queries) > 1 else []
    organize = {
        "id": "organize",
        "options": {
            "excludeByName": dict.fromkeys(("Time", *hide), True),
            "indexByName": {name: place for place, name in enumerate(columns)},
            "renameByName": dict(columns),
        },
    }
    options = {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "countRows": False},
    }
    defaults = says.defaults(custom={"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True})
    panel = made("table", title, queries, says, defaults=defaults, options=options)
    panel.transformations = [*merge, organize]
    return panel


def history(title: str, *queries: Query, says: Says) -> Modern:
    """States over time, one lane a series, each with its word."""
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.9,
        "legend": LEGEND,
        "tooltip": {"mode": "single", "sort": "none"},
    }
    defaults = says.defaults(custom={"fillOpacity": 75, "lineWidth": 0})
    return made("state-timeline", title, queries, says, defaults=defaults, options=options)


def heat(title: str, *queries: Query, says: Says) -> Modern:
    """How values spread over time, from the buckets of a histogram."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {
            "mode": "scheme",
            "scheme": "Cividis",
            "steps": 64,
            "exponent": 0.5,
            "fill": "dark-blue",
            "reverse": False,
        },
        "filterValues": {"le": 1e-9},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "rowsFrame": {"layout": "auto"},
        "yAxis": {"axisPlacement": "left", "unit": says.unit, "reverse": False},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "showValue": "never",
    }
    return made("heatmap", title, queries, says, defaults=says.defaults(), options=options)


def text(title: str, markdown: str, about: str) -> Modern:
    """Words, and links to pages that act."""
    options = {"mode": "markdown", "content": markdown}
    return made("text", title, (), Says(about, ""), options=options)


def alert_list(title: str, about: str) -> Modern:
    """The alerts that fire now, from Alertmanager and Prometheus."""
    options = {
        "viewMode": "list",
        "groupMode": "default",
        "groupBy": [],
        "maxItems": 30,
        "sortOrder": 3,
        "dashboardAlerts": False,
        "alertName": "",
        "alertInstanceLabelFilter": "",
        "stateFilter": {"firing": True, "pending": True, "noData": False, "normal": False, "error": True},
    }
    return made("alertlist", title, (), Says(about, ""), options=options)


def status_says(about: str, empty: str, links: Links = ()) -> Says:
    """What a panel of statuses says: each as word, symbol and colour."""
    return Says(about, empty, "none", links, {"mappings": status_mappings()})


def made(kind: str, title: str, queries: Sequence[Query], says: Says, **json: Any) -> Modern:
    """A panel of this kind; its queries are lettered in order."""
    for letter, query in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", queries, strict=False):
        query.refId = letter
    panel = Modern(kind=kind, **json)
    panel.title, panel.description = title, says.about
    panel.targets = list(queries)
    panel.dataSource = dict(DATASOURCE) if queries else None
    return panel
