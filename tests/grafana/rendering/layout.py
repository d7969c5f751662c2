"""What Grafana would render wrongly of a dashboard as a whole: titles, marks, rows, the first screen."""

import json
import re
from collections.abc import Iterator

from grafana import sizes
from tests.grafana.files import Json, panels
from tests.grafana.rendering.parts import allowed, place, properties, size, words_of

RIDDLES = {"Answers", "Says", "Taken", "Do", "Made", "There are", "In words", "Now alone", "P95 alone"}

SYMBOLS = tuple("✔▲✖?i≋…✎·▁▄█")

ALERT_WORDS = {"as usual", "file", "few", "✔ none"}

FIRST_SCREEN, REQUESTS = 17, 14
# what answers the question of each dashboard
ANSWERS = {
    "overview": ("Overall status", "Modules by status", "Dependencies", "Firing alerts", "Actions"),
    "module": ("$module", "Status over time", "Self-report", "Data and alerts"),
    "alerts": ("Now", "Firing and pending alerts", "Summaries"),
    "workers": ("Status", "Last hour", "Queues", "Workers"),
    "database": ("Status", "Last hour", "Pool use", "Pool connections", "Ping time"),
    "postgresql": ("Status", "Last hour", "Sessions by state", "Connections used", "Lock waits"),
    "api": ("Status", "Last hour", "Requests", "Error ratio", "Response time"),
    "cache": ("Status", "Last hour", "Hit ratio", "Look-ups", "Memory", "Evicted and expired"),
    "events": ("Event bus", "Last hour", "Handler duration", "Handler errors"),
    "models": ("Models by check", "Checks over time", "All models"),
    "engagement": ("Users", "Active users", "Interactions by type"),
    "recommendations": ("Recommendations, last $window", "Strategies", "Useful ratio"),
    "ingestion": ("Status", "Last hour", "Jobs waiting", "Jobs ended per hour"),
    "slo": ("Error budget left, 30 days", "Objectives"),
    "stack": ("Monitoring", "Data and alerts", "Targets"),
}

LEAST_HEIGHT = {"table": 4, "text": 3, "stat": 3, "state-timeline": 4, "timeseries": 7, "bargauge": 4}
# what a mark is about: signals, the chosen module, budgets, or alerts by their names
ABOUT = r'signal=~"[^"]+"|module="\$module"|alertname=~"(?:.\+BudgetBurns|[A-Za-z]+(?:\|[A-Za-z]+)*)"'


def titles(board: Json) -> Iterator[str]:
    """11: titles are not cut, and are no riddles."""
    for panel in panels(board):
        if len(panel["title"]) * sizes.TITLE_CHARACTER > size(panel).pixels - sizes.TITLE_MARGIN:
            yield f"the title {panel['title']!r} is cut"
        if panel["title"] in RIDDLES:
            yield f"the title {panel['title']!r} is a riddle"


def marks(board: Json) -> Iterator[str]:
    """18: only critical alerts about what is shown are marked, and only where there are graphs."""
    given = board["annotations"]["list"]
    enabled = [it for it in given if it["enable"]]
    if len(enabled) > 1:
        yield f"{len(enabled)} kinds of marks are shown at once"
    for it in enabled:
        if 'severity="critical"' not in it["expr"]:
            yield f"{it['name']!r} marks what is not critical"
        if not re.search(ABOUT, it["expr"]):
            yield f"{it['name']!r} marks what is not shown"
    if given and board["uid"] in ("watchroom-overview", "watchroom-alerts"):
        yield "timelines would be crossed by marks"


def few_variables(board: Json) -> Iterator[str]:
    """20: at most three variables are shown."""
    shown = [it["name"] for it in board["templating"]["list"] if it.get("hide", 0) != 2]
    if len(shown) > 3 and not allowed("few_variables", board["uid"].removeprefix("watchroom-")):
        yield f"the variables {shown} take a second line"


def addresses(board: Json) -> Iterator[str]:
    """21: values are encoded as addresses want it."""
    for found in re.findall(r"\$\{__(?:data\.fields|field\.labels)\.\w+\}", json.dumps(board)):
        yield f"{found} breaks an address"


def hidden(board: Json) -> Iterator[str]:
    """22: what is empty on some installations stands in a closed row."""
    for panel in board["panels"]:
        empty = panel.get("fieldConfig", {}).get("defaults", {}).get("noValue", "")
        if re.match(r"(only on|set) ", empty):
            yield f"{panel['title']!r} is {empty!r}, and not in a closed row"


def closed_rows(board: Json) -> Iterator[str]:
    """23: a closed row holds its panels, and what follows goes on as if they had no height."""
    for number, panel in enumerate(board["panels"]):
        if panel["type"] != "row":
            continue
        if panel["collapsed"] != bool(panel["panels"]):
            yield f"the row {panel['title']!r} holds {len(panel['panels'])} panels"
        following = board["panels"][number + 1 : number + 2]
        if panel["collapsed"] and any(it["gridPos"]["y"] != panel["gridPos"]["y"] + 1 for it in following):
            yield f"a gap follows the row {panel['title']!r}"


def first_line(board: Json) -> Iterator[str]:
    """24: the first line has no heading, and ends with the freshness of the numbers."""
    line = [it for it in board["panels"] if it["gridPos"]["y"] == 0]
    if any(it["type"] == "row" for it in line):
        yield "the first line has a heading"
    names = {
        it["legendFormat"] for it in max(line, key=lambda it: int(it["gridPos"]["x"])).get("targets", [])
    }
    if not {"Data", "Oldest"} <= names:
        yield f"the first line ends with {sorted(names)}"


def first_screen(board: Json) -> Iterator[str]:
    """25: what answers the question of the dashboard can be seen without scrolling, and asks little."""
    name, there = (
        board["uid"].removeprefix("watchroom-"),
        {it["title"]: it["gridPos"] for it in board["panels"]},
    )
    for title in ANSWERS.get(name, ()):
        at = there.get(title)
        if at is None or at["y"] + at["h"] > FIRST_SCREEN:
            yield f"{title!r} cannot be seen on the first screen"
    asked = [it for it in board["panels"] if it.get("targets") and it["gridPos"]["y"] < FIRST_SCREEN]
    if len(asked) > REQUESTS:
        yield f"the first screen makes {len(asked)} requests"


def symbols(board: Json) -> Iterator[str]:
    """27: a state is told by a symbol as well, never by its colour alone."""
    for panel in panels(board):
        fields = [panel["fieldConfig"]["defaults"], *(own for _, own in properties(panel))]
        for own in fields:
            for mapping in own.get("mappings", []):
                if mapping["type"] == "value" and is_coloured(mapping):
                    lone = [it for it in words_of([mapping]) if not it.startswith(SYMBOLS)]
                    yield from (f"{place(board, panel)}: {it!r}" for it in lone if it not in ALERT_WORDS)


def is_coloured(mapping: Json) -> bool:
    """Whether the words have different colours."""
    return len({it["color"] for it in mapping["options"].values()}) > 1


def heights(board: Json) -> Iterator[str]:
    """28: no panel is too low for what it shows."""
    for panel in panels(board):
        least = LEAST_HEIGHT.get(panel["type"], 5)
        if panel["type"] == "timeseries" and panel["options"]["legend"]["displayMode"] == "table":
            least = 8
        if panel["type"] == "stat" and not panel["targets"][0]["instant"]:
            least = 4
        if panel["gridPos"]["h"] < least:
            yield f"{place(board, panel)} is {panel['gridPos']['h']} high; expected {least}"
