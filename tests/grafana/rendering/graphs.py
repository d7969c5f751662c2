"""What Grafana would render wrongly of graphs and timelines."""

from collections.abc import Iterator

from grafana import palette
from tests.grafana.files import Json, panels
from tests.grafana.rendering.parts import allowed, of_kind, place, properties

JUDGING = {palette.GREEN, palette.ORANGE, palette.RED}


def timelines(board: Json) -> Iterator[str]:
    """1: a timeline shows its words, and no legend that repeats them."""
    for name, panel, defaults in of_kind(board, "state-timeline"):
        if defaults["color"]["mode"] == "thresholds" or not defaults.get("mappings"):
            yield f"{name} shows no words"
        if panel["options"]["legend"]["showLegend"]:
            yield f"{name} has a legend"


def from_zero(board: Json) -> Iterator[str]:
    """15: axes begin at zero, and lines have no colour of a status but what failed."""
    for name, panel, defaults in of_kind(board, "timeseries"):
        if defaults.get("min") != 0 and not allowed("from_zero", name):
            yield f"{name} does not begin at zero"
        if defaults["color"]["mode"] != "shades":
            yield f"{name} has colours of {defaults['color']['mode']}"
        stacked = "stacking" in defaults["custom"]
        for series, own in properties(panel):
            colour = own.get("color", {}).get("fixedColor")
            if colour in JUDGING and not series.startswith("/^level ") and not stacked:
                yield f"{name} draws {series!r} in the colour of a status"


def legends(board: Json) -> Iterator[str]:
    """16: series that are not known beforehand have a sorted legend; levels take no place in it."""
    for name, panel, _ in of_kind(board, "timeseries"):
        legend, named = panel["options"]["legend"], {it for it, _ in properties(panel)}
        many = any("{{" in it["legendFormat"] for it in panel["targets"])
        known = [it for it in named if not it.startswith("/^level ")]
        if many and not known and (legend["displayMode"], legend.get("sortDesc")) != ("table", True):
            yield f"{name} does not sort its legend"
        for series, own in properties(panel):
            if series.startswith("/^level ") and not own.get("custom.hideFrom", {}).get("legend"):
                yield f"{name} lists {series!r}"


def tops(board: Json) -> Iterator[str]:
    """17: the greatest are chosen once for the whole range; short alerts are counted."""
    for panel in panels(board):
        for it in panel.get("targets", []):
            if "topk(" in it["expr"] and "@ end()" not in it["expr"]:
                yield f"{place(board, panel)} / {it['refId']} chooses anew at every step"
            if ":1m]" in it["expr"] and "ALERTS" in it["expr"]:
                yield f"{place(board, panel)} / {it['refId']} loses alerts of less than a minute"
