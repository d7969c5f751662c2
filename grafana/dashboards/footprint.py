"""What polls cost the watched: requests, the time they take, and whether they keep within their budget."""

from grafana import palette
from grafana.grafana_json import Panel, Query
from grafana.old_grid import Band, row, wide
from grafana.old_panels import Says, timeseries
from grafana.old_tables import Column, table
from grafana.queries import stack
from grafana.queries.series import levels_of

EMPTY = "no source is polled, or the exporter does not count its requests"
SOURCES = ("backend", "database", "cache", "broker", "results", "ingestion", "prometheus", "service")
# none of the colours that judge
CALM = (palette.BLUE, palette.SKY, palette.PURPLE, palette.GREY)
TABLE_LEGEND = {
    "displayMode": "table",
    "placement": "bottom",
    "showLegend": True,
    "calcs": ["lastNotNull", "max"],
    "sortBy": "Last *",
    "sortDesc": True,
}


def band() -> Band:
    """Source by source now, then over time."""
    asked = "Requests of ours a minute, by source. Prometheus and the service are ours as well."
    used = "Share of its budget that each source uses. At 100 % its polls become slower than set."
    slower = "How many times slower than set each source is polled. Above the level: pages may be late."
    level = levels_of("own_budget", ("info",))
    return row(
        "Footprint: what do polls cost the watched?",
        wide(by_source(), 8),
        wide(lines("Requests a minute", stack.own_requests(), says=Says(asked, EMPTY)), 8),
        wide(busiest(), 8),
        wide(lines("Budget used", stack.own_used(), says=Says(used, EMPTY, "percentunit")), 12),
        wide(lines("Slower than set", stack.own_stretch(), *level, says=Says(slower, EMPTY, "none")), 12),
        height=9,
    )


def by_source() -> Panel:
    """Each source, the busiest first."""
    about = "Share of the last minute in which our requests kept each source busy, and what it may be."
    columns = [
        Column("source", "Source"),
        Column("A", "Share", "percentunit", width=80),
        Column("B", "Budget", "percentunit", empty="none", width=80),
        Column("C", "Slower", "none", width=80),
    ]
    asked = map(stack.own_rows, ("share", "budget", "stretch"))
    return table("Footprint", *asked, says=Says(about, EMPTY, "none"), columns=columns, sort="Share")


def busiest() -> Panel:
    """The queries that take the time, in shades of one colour, since their names are not known beforehand."""
    about = "The five queries that kept a source busy longest in this range, in seconds a second."
    panel = timeseries("Busiest queries", stack.own_busiest(), says=Says(about, EMPTY, "percentunit"))
    panel.defaults |= {"min": 0, "color": {"mode": "shades", "fixedColor": palette.SKY}}
    panel.options = {**panel.options, "legend": TABLE_LEGEND}
    return panel


def lines(title: str, *queries: Query, says: Says) -> Panel:
    """One line a source, from 0 on; the level is drawn, but takes no place in the legend."""
    panel = timeseries(title, *queries, says=says)
    panel.defaults["min"] = 0
    panel.overrides = [*palette.name_overrides(SOURCES, CALM), *unlisted(palette.level_overrides())]
    return panel


def unlisted(levels: palette.Overrides) -> palette.Overrides:
    """The overrides of levels, which hide them from the legend as well."""
    hide = {"id": "custom.hideFrom", "value": {"legend": True, "tooltip": False, "viz": False}}
    return [{**it, "properties": [*it["properties"], hide]} for it in levels]
