"""What is unusual: one signal beside its usual band and its levels, and all that was so. It never pages."""

from grafana import links, mappings
from grafana.grafana_json import Panel
from grafana.graphs import fixed, graph, timeline
from grafana.grid import Section, section
from grafana.palette import GREY, PURPLE, SKY, override
from grafana.panels import PanelOptions
from grafana.queries import alerts, anomalies
from grafana.sizes import Size
from grafana.steps import bad_from_one, shown_from_one
from grafana.strips import Cell, count

NOT_WATCHED = "not watched: the exporter has no Prometheus set, or the signal has no value now"
HALF = Size(12, 9)


def cells() -> tuple[Cell, ...]:
    """How many signals are unusual, of how many that are watched, and how many are not."""
    strong = "Signals far outside of their usual band; worth a look, never a page."
    left = "Signals that are not watched, since there are more than the settings allow."
    more = links.board("alerts", "What is unusual")
    return (
        count("Anomalies", anomalies.count(), strong, shown_from_one(PURPLE), more),
        count("Watched", anomalies.watched(), "Signals whose usual band is known or being learnt."),
        count("Left out", anomalies.left_out(), left, bad_from_one(SKY, GREY)),
    )


def section_of_anomalies() -> Section:
    """One signal, and all of them."""
    return section("Anomalies", band(), lanes())


def band() -> Panel:
    """The chosen signal in its band, with both grades of anomalies."""
    about = (
        "The chosen signal with its levels in force and the band in which it was expected: what it was in "
        "the last day, at this hour in the last week. Weakly unusual is shown here only."
    )
    asked = (
        anomalies.value(), anomalies.upper(), anomalies.lower(), anomalies.graded(1, "weakly unusual"),
        anomalies.graded(2, "strongly unusual"), *map(alerts.chosen_levels, alerts.WEIGHTS),
    )  # fmt: skip
    panel = graph("Signal and usual band: $signal $part", HALF, PanelOptions(about, NOT_WATCHED), *asked)
    edge = {"color": fixed(GREY), "custom.lineWidth": 1, "custom.fillOpacity": 15}
    points = {"custom.drawStyle": "points", "custom.pointSize": 7, "custom.showPoints": "always"}
    panel.overrides += [
        override("byName", "usually below", {**edge, "custom.fillBelowTo": "usually above"}),
        override("byName", "usually above", {**edge, "custom.fillOpacity": 0}),
        override("byName", "value", {"custom.fillOpacity": 0, "color": fixed(SKY)}),
        override("byName", "weakly unusual", {**points, "color": fixed(GREY)}),
        override("byName", "strongly unusual", {**points, "color": fixed(PURPLE)}),
    ]
    return panel


def lanes() -> Panel:
    """Everything that was strongly unusual, when."""
    about = "Signals while they were far outside of their band, and which way. Several at once: one cause."
    options = PanelOptions(about, "✔ nothing was unusual in this time")
    return timeline("Anomalies over time", HALF, options, anomalies.longest(), words=mappings.unusual())
