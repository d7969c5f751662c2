"""Colours that people with any kind of colour vision can tell apart, always beside a word.

Source: Okabe and Ito, "Color Universal Design", 2008.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

GREEN, ORANGE, RED, GREY, BLUE = "#009E73", "#E69F00", "#D55E00", "#8A8A8A", "#0072B2"
SKY, PURPLE, YELLOW = "#56B4E9", "#CC79A7", "#F0E442"
CYAN, INDIGO, SAND = "#44AA99", "#7B7FE0", "#C9B458"
# lines are told apart by colours that judge nothing: none of them is one of a status
SERIES = (SKY, PURPLE, CYAN, INDIGO, SAND, "#B0B0B0", "#8FD3F4")
# deep shades: Grafana writes white on cards, and white is read on these (WCAG AA, 4.5 to 1)
CARDS = {"healthy": "#2C6E5A", "unknown": "#6B6B6B", "degraded": "#9A6200", "down": "#B8430A"}
LINES = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW)
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
ABOVE_NOTHING = 1e-6
Overrides = list[dict[str, Any]]


def status_mappings() -> list[dict[str, Any]]:
    """A status as its word, its symbol and its colour, whether it comes as text or as its number."""
    options = {
        key: {"text": f"{STATUS_SYMBOLS[name]} {name}", "color": STATUS_COLOURS[name], "index": number}
        for name, number in STATUS_NUMBERS.items()
        for key in (name, str(number))
    }
    return [{"type": "value", "options": options}]


def yes_no(yes: str, no: str) -> list[dict[str, Any]]:
    """1 and 0 as words, the first good and the second bad."""
    return words({"1": (f"✔ {yes}", GREEN), "0": (f"✖ {no}", RED)})


def bad_when(yes: str, no: str) -> list[dict[str, Any]]:
    """1 and 0 as words, the first bad and the second good."""
    return words({"1": (f"✖ {yes}", RED), "0": (f"✔ {no}", GREEN)})


def trend() -> list[dict[str, Any]]:
    """1, 0 and -1 as an arrow and a word; whether that is good depends on what is counted."""
    return words({"1": ("↗ up", BLUE), "0": ("→ same", GREY), "-1": ("↘ down", PURPLE)})


def severity_mappings() -> list[dict[str, Any]]:
    """A severity as its symbol, its word and its colour."""
    symbols = {"info": "i", "warning": "▲", "critical": "✖"}
    return words({name: (f"{symbols[name]} {name}", colour) for name, colour in SEVERITIES.items()})


def words(texts: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    """Values as words in a colour."""
    options = {
        value: {"text": text, "color": colour, "index": place}
        for place, (value, (text, colour)) in enumerate(texts.items())
    }
    return [{"type": "value", "options": options}]


def any_is_bad(colour: str = RED) -> dict[str, Any]:
    """Steps of a count that should be 0."""
    return {"mode": "absolute", "steps": [{"color": GREEN, "value": None}, {"color": colour, "value": 1}]}


def any_shows(colour: str) -> dict[str, Any]:
    """Steps of a count that has its colour as soon as there is one."""
    return {"mode": "absolute", "steps": [{"color": GREY, "value": None}, {"color": colour, "value": 1}]}


def count_overrides(colours: Mapping[str, str]) -> Overrides:
    """Counts in colours of their own, grey while they are 0."""
    return [
        override("byName", name, {"thresholds": any_shows(colour), "color": {"mode": "thresholds"}})
        for name, colour in colours.items()
    ]


def levels_left() -> dict[str, Any]:
    """Steps of what is left of a whole: nothing, a quarter, more."""
    rising: list[dict[str, Any]] = [{"color": RED, "value": None}]
    rising += [{"color": ORANGE, "value": 0}, {"color": GREEN, "value": 0.25}]
    return {"mode": "absolute", "steps": rising}


def stale(seldom: bool = False) -> dict[str, Any]:
    """Steps of an age in seconds: three periods are too many, of one minute or, asked seldom, of five."""
    old = 900 if seldom else 180
    return {"mode": "absolute", "steps": [{"color": GREEN, "value": None}, {"color": ORANGE, "value": old}]}


def plain() -> dict[str, Any]:
    """Steps that judge nothing; without any, Grafana would paint everything from 80 on red."""
    return {"mode": "absolute", "steps": [{"color": BLUE, "value": None}]}


def steps(levels: Mapping[str, float], direction: str) -> dict[str, Any]:
    """Threshold steps from the levels of a signal; the base step has no value."""
    ordered = sorted(levels.items(), key=lambda item: item[1])
    if direction == "above":
        colours: list[dict[str, Any]] = [{"color": GREEN, "value": None}]
        # alerts want more than the level, Grafana's steps begin at it: none may be bad at 0
        colours += [{"color": SEVERITIES[name], "value": level or ABOVE_NOTHING} for name, level in ordered]
        return {"mode": "absolute", "steps": colours}
    bounds = [level for _, level in ordered]
    names = [SEVERITIES[name] for name, _ in ordered]
    rising: list[dict[str, Any]] = [{"color": names[0], "value": None}]
    rising += [{"color": c, "value": b} for c, b in zip([*names[1:], GREEN], bounds, strict=True)]
    return {"mode": "absolute", "steps": rising}


def level_overrides() -> Overrides:
    """Series named `level critical` and so on are thin dashed lines in the colour of their severity."""
    return [
        override(
            "byRegexp",
            f"/^level {severity}$/",
            {
                "color": {"mode": "fixed", "fixedColor": colour},
                "custom.lineStyle": {"fill": "dash", "dash": [8, 6]},
                "custom.lineWidth": 1,
                "custom.fillOpacity": 0,
                "custom.stacking": {"mode": "none", "group": "A"},
            },
        )
        for severity, colour in SEVERITIES.items()
    ]


def query_overrides(letters: Iterable[str]) -> Overrides:
    """Each query of a panel in a colour of its own."""
    return [
        override("byFrameRefID", letter, {"color": {"mode": "fixed", "fixedColor": colour}})
        for letter, colour in zip(letters, LINES, strict=False)
    ]


def name_overrides(names: Sequence[str], colours: Sequence[str] = LINES) -> Overrides:
    """Each of these series in a colour and a stroke of its own, the same on every panel."""
    return [
        override(
            "byName",
            name,
            {"color": {"mode": "fixed", "fixedColor": colour}, "custom.lineStyle": stroke},
        )
        for name, (stroke, colour) in zip(names, product(DASHES, colours), strict=False)
    ]


def override(matcher: str, what: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is different for the fields that match."""
    listed = [{"id": name, "value": value} for name, value in properties.items()]
    return {"matcher": {"id": matcher, "options": what}, "properties": listed}
