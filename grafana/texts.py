"""Words and lists: Markdown with links to pages that act, bars of ratios, alerts with their summaries."""

from grafana import mappings
from grafana.grafana_json import Panel, Query
from grafana.graphs import LIST, fixed
from grafana.palette import SKY
from grafana.panels import Json, PanelOptions, constructor, gate_query, panel, set_queries
from grafana.sizes import Size
from grafana.steps import neutral
from grafana.strips import TEXT_SIZES

LAST = {"calcs": ["last"], "fields": "", "values": False}


@constructor
def text(title: str, size: Size, about: str, markdown: str) -> Panel:
    """Markdown; three units of height are two lines."""
    size.at_least(title, 3)
    return panel("text", title, size, about, options={"mode": "markdown", "content": markdown})


@constructor
def bars(title: str, size: Size, options: PanelOptions, query: Query) -> Panel:
    """Present counts side by side as horizontal bars, from 0 to the greatest of them."""
    size.at_least(title, 4)
    look: Json = {
        "reduceOptions": dict(LAST),
        "text": dict(TEXT_SIZES),
        "displayMode": "basic",
        "orientation": "horizontal",
        "valueMode": "text",
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizHeight": 16,
        "minVizWidth": 8,
        "maxVizHeight": 300,
        "legend": {**LIST, "showLegend": False},
    }
    made = panel("bargauge", title, size, options.about, options=look)
    made.defaults = options.defaults(
        min=0, thresholds=neutral(), color=fixed(SKY), mappings=mappings.unknown()
    )
    return set_queries(made, [gate_query(query.of_now())])


@constructor
def alert_list(title: str, size: Size, about: str) -> Panel:
    """Warnings and critical alerts that Prometheus says fire or are about to, with their summaries.

    Grafana paints whatever fires red, so infos have no place in it.
    """
    size.at_least(title, 5)
    options: Json = {
        "viewMode": "list",
        "groupMode": "default",
        "groupBy": [],
        "maxItems": 30,
        "sortOrder": 3,
        "dashboardAlerts": False,
        "alertName": "",
        "alertInstanceLabelFilter": '{severity=~"warning|critical"}',
        "datasource": "Prometheus",
        "stateFilter": {"firing": True, "pending": True, "noData": False, "normal": False, "error": True},
    }
    return panel("alertlist", title, size, about, options=options)
