"""What polls cost the watched: requests, the time they take, and whether they keep within their budget."""

from grafana.grafana_json import Panel
from grafana.graphs import graph
from grafana.grid import Section, section
from grafana.panels import PanelOptions
from grafana.queries import stack
from grafana.sizes import Size
from grafana.tables import Column, table

EMPTY = "no source is polled, or the exporter does not count its requests"
SOURCES = ("backend", "database", "cache", "broker", "results", "ingestion", "prometheus", "service")
THIRD, HALF = Size(8, 9), Size(12, 8)


def section_of_footprint() -> Section:
    """Source by source now, then over time."""
    asked = "Our requests a minute, by source. Prometheus and the service are ours as well."
    busy = "The five queries that kept a source busy longest in this range, in seconds a second."
    used = "Share of its budget that each source uses. At 100 % its polls become slower than set."
    slower = "How many times slower than set each source is polled. Above the level: pages may be late."
    stretched = PanelOptions(slower, EMPTY, "none", signal="own_budget")
    return section(
        "Footprint of the polls",
        by_source(),
        graph("Requests per minute", THIRD, PanelOptions(asked, EMPTY), stack.own_requests(), names=SOURCES),
        graph("Busiest queries", THIRD, PanelOptions(busy, EMPTY, "percentunit"), stack.own_busiest()),
        graph("Budget used", HALF, PanelOptions(used, EMPTY, "percentunit"), stack.own_used(), names=SOURCES),
        graph("Slower than set", HALF, stretched, stack.own_stretch(), names=SOURCES),
    )


def by_source() -> Panel:
    """Each source, the busiest first."""
    about = "Share of the last minute in which our requests kept each source busy, and its budget."
    columns = [
        Column("source", "Source"),
        Column("A", "Share", 80, "percentunit", sort="greatest first"),
        Column("B", "Budget", 80, "percentunit", "none"),
        Column("C", "Slower", 80),
    ]
    asked = list(map(stack.own_rows, ("share", "budget", "stretch")))
    return table("Footprint", THIRD, PanelOptions(about, EMPTY), asked, columns)
