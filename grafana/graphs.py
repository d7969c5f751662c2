"""Graphs over time: lines, stacks, states as words, and heat maps."""

from collections.abc import Sequence
from itertools import product

from grafana import levels
from grafana.grafana_json import Panel, Query
from grafana.mappings import Mappings
from grafana.palette import DASHES, GREY, RED, SERIES, SEVERITIES, SKY, Overrides, override
from grafana.panels import Json, PanelOptions, constructor, gate_query, panel, set_queries
from grafana.queries.series import levels_of
from grafana.sizes import Size
from grafana.steps import neutral

LIST = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
TABLE = {
    "displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"],
    "sortBy": "Last *", "sortDesc": True,
}  # fmt: skip
LINE = {
    "drawStyle": "line",
    "lineWidth": 2,
    "fillOpacity": 8,
    "showPoints": "never",
    "spanNulls": False,
    "thresholdsStyle": {"mode": "off"},
}
# the line of the topmost series would paint the edge of all, where it is zero
STACK = {**LINE, "lineWidth": 0, "fillOpacity": 70, "stacking": {"mode": "normal", "group": "A"}}
LOG = {"scaleDistribution": {"type": "log", "log": 10}}
# rows of a legend that can be read below a graph
TABLE_HEIGHT, LIST_HEIGHT, LIST_NAMES = 8, 7, 8


@constructor
def graph(title: str, size: Size, options: PanelOptions, *queries: Query, names: Sequence[str] = ()) -> Panel:
    """Lines over time from 0 on, with the levels in force of the options' signal.

    `names` are the series known beforehand, which get colours; of others only the label is known: these
    have shades of one colour and a legend sorted by their last value.
    """
    made = lines(title, size, options, [*queries, *levels_in_force(options.signal)], names)
    made.defaults |= {"min": 0, "custom": {**LINE, **(LOG if options.decades else {})}}
    return made


@constructor
def near_one(
    title: str, size: Size, options: PanelOptions, *queries: Query, names: Sequence[str] = ()
) -> Panel:
    """Ratios that live near 1, as SLIs do: from 0 on they would be one line at the top."""
    return lines(title, size, options, queries, names)


@constructor
def stacked(
    title: str, size: Size, options: PanelOptions, *queries: Query,
    names: Sequence[str] = (), failures: Sequence[str] = (),
) -> Panel:  # fmt: skip
    """Lines over time that add up to a whole; those of `failures` are red."""
    made = lines(title, size, options, queries, names)
    made.defaults |= {"min": 0, "custom": dict(STACK)}
    made.overrides += [override("byName", it, {"color": fixed(RED)}) for it in failures]
    return made


def lines(
    title: str, size: Size, options: PanelOptions, queries: Sequence[Query], names: Sequence[str]
) -> Panel:
    """A graph with the legend that its series need; lines are shades of one colour until they are named."""
    single = [str(it.legendFormat) for it in queries if "{{" not in it.legendFormat]
    known = [*names, *(it for it in single if not it.startswith("level "))]
    many = any("{{" in it.legendFormat for it in queries) and not names
    size.at_least(title, TABLE_HEIGHT if many else LIST_HEIGHT)
    if not many and len(known) > LIST_NAMES:
        raise ValueError(f"{title!r} names {len(known)} series; expected at most {LIST_NAMES} in one legend")
    look = {"legend": TABLE if many else LIST, "tooltip": {"mode": "multi", "sort": "desc"}}
    made = panel("timeseries", title, size, options.about, options=look)
    shades = {"mode": "shades", "fixedColor": SKY}
    made.defaults = options.defaults(unit=unit(options), custom=dict(LINE), color=shades)
    made.overrides = [*name_overrides(known), *level_overrides()]
    return set_queries(made, [gate_query(it.of_range()) for it in queries])


def unit(options: PanelOptions) -> str:
    """The unit of the signal, where no other is said."""
    return levels.unit(options.signal) if options.signal and options.unit == "short" else options.unit


def levels_in_force(signal: str) -> list[Query]:
    """The levels of a signal, each as a series of its own."""
    return levels_of(signal, tuple(levels.signal(signal).levels.given())) if signal else []


def fixed(colour: str) -> Json:
    """This colour, whatever the value."""
    return {"mode": "fixed", "fixedColor": colour}


def name_overrides(names: Sequence[str]) -> Overrides:
    """Each of these series in a colour and a stroke of its own, the same on every panel."""
    return [
        override("byName", name, {"color": fixed(colour), "custom.lineStyle": stroke})
        for name, (stroke, colour) in zip(names, product(DASHES, SERIES), strict=False)
    ]


def level_overrides() -> Overrides:
    """Series named `level critical` and so on: thin dashed lines in their colour, not in the legend."""
    look: Json = {
        "custom.lineStyle": {"fill": "dash", "dash": [8, 6]},
        "custom.lineWidth": 1,
        "custom.fillOpacity": 0,
        "custom.stacking": {"mode": "none", "group": "A"},
        "custom.hideFrom": {"legend": True, "tooltip": False, "viz": False},
    }
    return [
        override("byRegexp", f"/^level {severity}$/", {"color": fixed(colour), **look})
        for severity, colour in SEVERITIES.items()
    ]


@constructor
def timeline(title: str, size: Size, options: PanelOptions, *queries: Query, words: Mappings) -> Panel:
    """States over time, one lane a series, each with its word; a value without a word is grey."""
    if not words:
        raise ValueError(f"the timeline {title!r} has no words; expected one for every value")
    size.at_least(title, 4)
    look: Json = {"mergeValues": True, "showValue": "auto", "alignValue": "left", "rowHeight": 0.9}
    look |= {"legend": {**LIST, "showLegend": False}, "tooltip": {"mode": "single", "sort": "none"}}
    made = panel("state-timeline", title, size, options.about, options=look)
    # by thresholds Grafana would merge neighbours and forget their words
    made.defaults = options.defaults(
        unit="none", color=fixed(GREY), thresholds=neutral(), mappings=list(words)
    )
    made.defaults["custom"] = {"fillOpacity": 75, "lineWidth": 0}
    return set_queries(made, [gate_query(it.of_range()) for it in queries])


@constructor
def heat_map(title: str, size: Size, options: PanelOptions, query: Query) -> Panel:
    """How values spread over time, from the buckets of a histogram."""
    size.at_least(title, 6)
    scale: Json = {"mode": "scheme", "scheme": "Viridis", "steps": 64, "exponent": 0.5, "fill": "dark-blue"}
    look: Json = {
        "calculate": False,
        "cellGap": 0,
        "color": {**scale, "reverse": False},
        "exemplars": {"color": GREY},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": options.unit},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "showValue": "never",
    }
    made = panel("heatmap", title, size, options.about, options=look, defaults=options.defaults())
    buckets = gate_query(query.of_range())
    buckets.format = "heatmap"
    return set_queries(made, [buckets])
