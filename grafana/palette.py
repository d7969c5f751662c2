"""Colours that people with any kind of colour vision can tell apart, always beside a word.

Source: Okabe and Ito, "Color Universal Design", 2008.
"""

from collections.abc import Mapping
from typing import Any

GREEN, ORANGE, RED, GREY, BLUE = "#009E73", "#E69F00", "#D55E00", "#8A8A8A", "#0072B2"
SKY, PURPLE = "#56B4E9", "#CC79A7"
CYAN, INDIGO, SAND = "#44AA99", "#7B7FE0", "#C9B458"
# lines are told apart by colours that judge nothing: none of them is one of a status
SERIES = (SKY, PURPLE, CYAN, INDIGO, SAND, "#B0B0B0", "#8FD3F4")
# deep shades: Grafana writes white on cards, and white is read on these (WCAG AA, 4.5 to 1)
CARDS = {"healthy": "#2C6E5A", "unknown": "#6B6B6B", "degraded": "#9A6200", "down": "#B8430A"}
DASHES: tuple[dict[str, Any], ...] = (
    {"fill": "solid"},
    {"fill": "dash", "dash": [12, 4]},
    {"fill": "dash", "dash": [3, 3]},
)
SEVERITIES = {"info": BLUE, "warning": ORANGE, "critical": RED}
STATUS_COLOURS = {"healthy": GREEN, "unknown": GREY, "degraded": ORANGE, "down": RED}
STATUS_SYMBOLS = {"healthy": "✔", "unknown": "?", "degraded": "▲", "down": "✖"}
# by weight, so that a table sorted by status begins with what is down
STATUS_NUMBERS = {"healthy": 0, "unknown": 1, "degraded": 2, "down": 3}
Overrides = list[dict[str, Any]]


def override(matcher: str, what: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is different for the fields that match."""
    listed = [{"id": name, "value": value} for name, value in properties.items()]
    return {"matcher": {"id": matcher, "options": what}, "properties": listed}
