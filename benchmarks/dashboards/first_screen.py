"""The overview's first screen as an engineer reads it, and whether it contradicts itself."""

import re
from collections import Counter
from collections.abc import Iterator

from benchmarks.dashboards.prometheus_client import FIRST_SCREEN
from benchmarks.dashboards.screen import Cell, Screen, field_config
from grafana.palette import STATUS_NUMBERS

CARDS, PARTS, FIRING, WRONG = "Modules by status", "Dependencies", "Firing alerts", "Wrong self-reports"
MAY_BE_EMPTY = (FIRING, WRONG)
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]\d+)?")
Seen = dict[str, list[Cell]]


def first_screen(screen: Screen) -> Seen:
    """What each panel of the first screen shows, by its title."""
    return {it["title"]: screen.cells(it["title"]) for it in screen.first(FIRST_SCREEN)}


def contradictions(screen: Screen, seen: Seen) -> list[str]:
    """What cannot be true at once, what is empty, and what should be a word and is none."""
    return [*wordless(screen, seen), *statuses(seen), *reports(seen), *alerts(seen)]


def wordless(screen: Screen, seen: Seen) -> Iterator[str]:
    """Panels that show nothing, and states that are shown as numbers."""
    for panel in screen.first(FIRST_SCREEN):
        title = panel["title"]
        if not seen[title] and title not in MAY_BE_EMPTY:
            yield f"{title} is empty"
        for cell in seen[title]:
            mapped = field_config(panel, cell.column or cell.row).get("mappings", [])
            if any(it["type"] == "value" for it in mapped) and NUMBER.fullmatch(cell.text):
                yield f"{title} shows {cell.row} as {cell.text}; expected a word"


def statuses(seen: Seen) -> Iterator[str]:
    """The worst card is the status of all, and the counts are those of the cards."""
    modules = [status(it.text) for it in seen[CARDS]]
    overall = status(text(seen["Overall status"], "Status"))
    everything = [*modules, *(status(it.text) for it in seen[PARTS])]
    known = [it for it in everything if it in STATUS_NUMBERS]
    worst = max(known, key=STATUS_NUMBERS.__getitem__, default="no data")
    if overall != worst:
        yield f"Overall status is {overall!r}, and the worst card {worst!r}"
    counted, shown = Counter(modules), {it.row: it.text for it in seen["Modules"]}
    for name in STATUS_NUMBERS:
        if shown[name] not in (str(counted[name]), "\N{EN DASH}"):
            yield f"Modules counts {shown[name]} {name}, and {counted[name]} cards say so"


def reports(seen: Seen) -> Iterator[str]:
    """As many rows of wrong reports as are counted."""
    counted, rows = text(seen["Self-reports"], "wrong"), len({it.row for it in seen[WRONG]})
    if counted not in (str(rows), "\N{EN DASH}"):
        yield f"Self-reports counts {counted} wrong, and {rows} are listed"


def alerts(seen: Seen) -> Iterator[str]:
    """Where alerts of a severity are counted, one is listed, and the other way round."""
    listed = {it.text for it in seen[FIRING] if it.column == "Sev"}
    for name, symbol in (("critical", "✖"), ("warning", "▲")):
        counted = text(seen["Alerts"], name)
        if (counted != "0") != (symbol in listed):
            yield f"Alerts counts {counted} {name}, and the list shows {sorted(listed)}"


def text(cells: list[Cell], row: str) -> str:
    """What the cell of this name says."""
    return next((it.text for it in cells if it.row == row), "")


def status(text: str) -> str:
    """The status in the words of a card, without its symbol and what was said instead."""
    return text.partition(", said ")[0].partition(" ")[2]
