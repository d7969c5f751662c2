"""The units that Grafana knows, and what a panel says of one that it does not."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from grafana.grafana_json import Panel

FILE = Path(__file__).with_name("units.json")
EXAMPLES = "'s', 'bytes', 'percentunit' or 'short'"


@cache
def known_units() -> frozenset[str]:
    """The ids of Grafana's units."""
    return frozenset(json.loads(FILE.read_text())["ids"])


def check_units(panel: Panel) -> None:
    """Raise ValueError where a panel, one of its cells or one of its columns has a unit of no meaning."""
    for what, unit in units(panel):
        if unit not in known_units():
            raise ValueError(f"{what} has the unit {unit!r}; expected one of Grafana's, such as {EXAMPLES}")


def units(panel: Panel) -> Iterator[tuple[str, object]]:
    """Each unit of a panel, with whose it is."""
    if "unit" in panel.defaults:
        yield repr(panel.title), panel.defaults["unit"]
    for it in panel.overrides:
        for each in it["properties"]:
            if each["id"] == "unit":
                yield f"{it['matcher']['options']!r} of {panel.title!r}", each["value"]
