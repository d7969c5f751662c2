"""One constructor for each kind of panel: the house look stands here, a panel says only what is its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

from grafana import levels, palette
from grafana.grafana_json import DATASOURCE, Panel, Query

Links = Sequence[Mapping[str, Any]]
LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
LINES = {
    "drawStyle": "line",
    "lineWidth": 2,
    "fillOpacity": 8,
    "showPoints": "never",
    "spanNulls": False,
    "thresholdsStyle": {"mode": "off"},
}
LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
NEUTRAL = {"color": {"mode": "fixed", "fixedColor": "text"}, "thresholds": palette.plain()}


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
        linked = {"links": list(self.links)} if self.links else {}
        return {"unit": self.unit, "noValue": self.empty, **linked, **own, **self.more}


def timeseries(title: str, *queries: Query, says: Says, names: Sequence[str] = ()) -> Panel:
    """Lines over time; `names` fixes the colours of known series, levels come from `levels_of`."""
    options = {"legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}
    defaults = says.defaults(custom=dict(LINES), color={"mode": "palette-classic"})
    panel = made("timeseries", title, queries, says, defaults=defaults, options=options)
    panel.overrides = [*line_colours(queries, names), *palette.level_overrides()]
    return panel


def stacked(title: str, *queries: Query, says: Says, names: Sequence[str] = ()) -> Panel:
    """Lines over time that add up to a whole."""
    panel = timeseries(title, *queries, says=says, names=names)
    panel.defaults["custom"] = {**LINES, "fillOpacity": 40, "stacking": {"mode": "normal", "group": "A"}}
    return panel


def line_colours(queries: Sequence[Query], names: Sequence[str]) -> palette.Overrides:
    """The colours of lines that are known beforehand; a query of many series keeps Grafana's order."""
    single = [letter for letter, it in lettered(queries) if "{{" not in it.legendFormat]
    return [*palette.query_overrides(single), *palette.name_overrides(names)]


def stat(title: str, *queries: Query, says: Says, graph: bool = True) -> Panel:
    """The present value, large, with its recent course behind it."""
    options = {
        "reduceOptions": LAST,
        "colorMode": "value",
        "graphMode": "area" if graph else "none",
        "justifyMode": "auto",
        "textMode": "auto",
        "orientation": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    }
    return made("stat", title, queries, says, defaults=says.defaults(**NEUTRAL), options=options)


def words(title: str, *queries: Query, says: Says) -> Panel:
    """States as words, without a course; each series with its name beside its word."""
    panel = stat(title, *queries, says=says, graph=False)
    panel.defaults |= {"color": {"mode": "thresholds"}, **says.more}
    return panel


def bars(title: str, *queries: Query, says: Says) -> Panel:
    """Present values side by side as horizontal bars."""
    options = {
        "reduceOptions": LAST,
        "displayMode": "basic",
        "orientation": "horizontal",
        "valueMode": "color",
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizHeight": 16,
        "minVizWidth": 8,
        "maxVizHeight": 300,
        "legend": {**LEGEND, "showLegend": False},
    }
    shades = {"color": {"mode": "fixed", "fixedColor": palette.BLUE}, "thresholds": palette.plain()}
    return made("bargauge", title, queries, says, defaults=says.defaults(**shades), options=options)


def history(title: str, *queries: Query, says: Says) -> Panel:
    """States over time, one lane a series, each with its word."""
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.9,
        "legend": LEGEND,
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 75, "lineWidth": 0}
    shades = {"color": {"mode": "thresholds"}, "thresholds": palette.plain()}
    defaults = says.defaults(custom=custom, **shades)
    return made("state-timeline", title, queries, says, defaults=defaults, options=options)


def heat(title: str, *queries: Query, says: Says) -> Panel:
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
        "exemplars": {"color": palette.PURPLE},
        "rowsFrame": {"layout": "auto"},
        "yAxis": {"axisPlacement": "left", "unit": says.unit, "reverse": False},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "showValue": "never",
    }
    for query in queries:
        query.format = "heatmap"
    return made("heatmap", title, queries, says, defaults=says.defaults(), options=options)


def text(title: str, markdown: str, about: str) -> Panel:
    """Words, and links to pages that act."""
    return made("text", title, (), Says(about, ""), options={"mode": "markdown", "content": markdown})


def alert_list(title: str, about: str, which: str = '{severity=~"warning|critical"}') -> Panel:
    """The alerts that Prometheus says fire now, with their summaries and links."""
    options = {
        "viewMode": "list",
        "groupMode": "default",
        "groupBy": [],
        "maxItems": 30,
        "sortOrder": 3,
        "dashboardAlerts": False,
        "alertName": "",
        "alertInstanceLabelFilter": which,
        "datasource": "Prometheus",
        "stateFilter": {"firing": True, "pending": True, "noData": False, "normal": False, "error": True},
    }
    return made("alertlist", title, (), Says(about, ""), options=options)


def status_says(about: str, empty: str, links: Links = ()) -> Says:
    """What a panel of statuses says: each as word, symbol and colour."""
    return Says(about, empty, "none", links, {"mappings": palette.status_mappings()})


def judged(signal: str, about: str, empty: str, links: Links = ()) -> Says:
    """What a panel of a signal says: its unit and its colours come from thresholds.yml."""
    return Says(about, empty, levels.unit(signal), links, levels.colours(signal))


def made(kind: str, title: str, queries: Sequence[Query], says: Says, **json: Any) -> Panel:
    """A panel of this kind; its queries are lettered in order."""
    for letter, query in lettered(queries):
        query.refId = letter
    panel = Panel(kind=kind, **json)
    panel.title, panel.description = title, says.about
    panel.targets = list(queries)
    panel.dataSource = dict(DATASOURCE) if queries else None
    return panel


def lettered(queries: Sequence[Query]) -> list[tuple[str, Query]]:
    """The queries with their letters."""
    return list(zip(ascii_uppercase, queries, strict=False))
