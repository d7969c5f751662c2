"""Colours that people with any kind of colour vision can tell apart, always beside a word.

Source: Okabe and Ito, "Color Universal Design", 2008.
"""

from typing import Any

GREEN, ORANGE, RED, GREY, BLUE = "#009E73", "#E69F00", "#D55E00", "#8A8A8A", "#0072B2"
SEVERITIES = {"info": BLUE, "warning": ORANGE, "critical": RED}
STATUS_COLOURS = {"healthy": GREEN, "degraded": ORANGE, "down": RED, "unknown": GREY}
STATUS_SYMBOLS = {"healthy": "✔", "degraded": "▲", "down": "✖", "unknown": "?"}
STATUS_NUMBERS = {"healthy": 0, "degraded": 1, "down": 2, "unknown": 3}


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
    return [
        {
            "type": "value",
            "options": {
                "1": {"text": f"✔ {yes}", "color": GREEN, "index": 0},
                "0": {"text": f"✖ {no}", "color": RED, "index": 1},
            },
        }
    ]


def steps(levels: dict[str, float], direction: str) -> dict[str, Any]:
    """Threshold steps from the levels of a signal; the base step has no value."""
    ordered = sorted(levels.items(), key=lambda item: item[1])
    if direction == "above":
        colours: list[dict[str, Any]] = [{"color": GREEN, "value": None}]
        colours += [{"color": SEVERITIES[name], "value": level} for name, level in ordered]
        return {"mode": "absolute", "steps": colours}
    bounds = [level for _, level in ordered]
    names = [SEVERITIES[name] for name, _ in ordered]
    rising: list[dict[str, Any]] = [{"color": names[0], "value": None}]
    rising += [{"color": c, "value": b} for c, b in zip([*names[1:], GREEN], bounds, strict=True)]
    return {"mode": "absolute", "steps": rising}


def level_overrides() -> list[dict[str, Any]]:
    """Series named `level critical` and so on are thin dashed lines in the colour of their severity."""
    return [
        {
            "matcher": {"id": "byRegexp", "options": f"^level {severity}$"},
            "properties": [
                {"id": "color", "value": {"mode": "fixed", "fixedColor": colour}},
                {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 6]}},
                {"id": "custom.lineWidth", "value": 1},
                {"id": "custom.fillOpacity", "value": 0},
            ],
        }
        for severity, colour in SEVERITIES.items()
    ]
