"""What is wrong with a dashboard, one rule a function: each yields a sentence for every mistake."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from grafana import palette
from grafana import steps as house
from grafana.units import known_units
from tests.grafana import expressions, metrics
from tests.grafana.files import Json, everything, known, panels, targets

ALIVE = {"timeseries", "stat", "bargauge", "table", "state-timeline", "heatmap", "text", "alertlist"}
HOUSE_STEPS = (house.bad_from_one, house.shown_from_one, house.marked_from_one)
OWN_SOURCE = "${datasource}"
RATES = {"rate", "irate", "increase", "delta", "changes", "resets", "deriv"}
COUNTERS = re.compile(r"_(total|bucket|count|sum)$")
# counts whose name only looks like a counter's: gauges of the established exporters
NO_COUNTER = re.compile(r"^(redis_key_group_count|pg_(stat_activity|locks)_count|celery_active_\w+_count)$")
# counters that a column shows as they are, since the sum of all time is what is asked
SUMS = {
    **{
        f"pg_stat_{view}_stats_reset_total": "a time, which postgres_exporter calls a counter"
        for view in ("bgwriter", "checkpointer")
    },
    "ops_model_inferences_total": "how much a model has done in all",
    "ops_model_errors_total": "how much of it failed",
    "ops_ingestion_worker_drained_total": "how much a worker says it has done in all",
    "ops_service_jobs_ended_total": "how many jobs ended in all, beside those of the range",
}
BUILTIN = {"__rate_interval", "__range", "__url_time_range", "__interval", "__data", "__field"}
COLOURS = {
    palette.SKY, palette.PURPLE, palette.GREY, *palette.SEVERITIES.values(), "text",
    *palette.STATUS_COLOURS.values(), *palette.SERIES, *palette.CARDS.values(),
}  # fmt: skip


def ids(board: Json) -> Iterator[str]:
    """Ids and titles are there once each."""
    for what in ("id", "title"):
        counted = Counter(panel[what] for panel in (everything(board) if what == "id" else panels(board)))
        yield from (f"{what} {value!r} is there {n} times" for value, n in counted.items() if n > 1)


def grid(board: Json) -> Iterator[str]:
    """Panels fill the 24 columns and do not overlap, nor do those inside of a closed row."""
    yield from filled(board["panels"], 0)
    for it in board["panels"]:
        if inside := it.get("panels"):
            yield from filled(inside, it["gridPos"]["y"] + 1)


def filled(them: list[Json], top: int) -> Iterator[str]:
    """These panels fill 24 columns from a line on."""
    cells: Counter[tuple[int, int]] = Counter()
    for panel in them:
        at = panel["gridPos"]
        if at["x"] + at["w"] > 24 or min(at.values()) < 0 or 0 in (at["w"], at["h"]):
            yield f"{panel['title']!r} stands at {at}, outside of 24 columns"
        cells.update(
            (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
        )
    yield from (f"panels overlap at {cell}" for cell, number in cells.items() if number > 1)
    height = 1 + max((y for _, y in cells), default=top - 1) - top
    if len(cells) < 24 * height:
        yield f"{24 * height - len(cells)} cells of the grid are empty"


def shell(board: Json) -> Iterator[str]:
    """The frame is the house's."""
    wanted = {"editable": False, "refresh": "30s", "tags": ["watchroom"], "timezone": "browser"}
    yield from (f"{key} is {board.get(key)!r}" for key, value in wanted.items() if board.get(key) != value)
    if board.get("schemaVersion", 0) < 39:
        yield f"schemaVersion is {board.get('schemaVersion')}"
    if not re.fullmatch(r"watchroom-[a-z]+", board.get("uid") or ""):
        yield f"uid is {board.get('uid')!r}"
    ranges = [it["from"] for it in board["timepicker"]["quick_ranges"]]
    if ranges != ["now-1h", "now-6h", "now-24h", "now-7d"]:
        yield f"ranges are {ranges}"


def nulls(board: Json) -> Iterator[str]:
    """No string says null."""

    def walk(value: object, place: str) -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, f"{place}.{key}")
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner, place)
        elif value == "null":
            yield f"{place} is the string 'null'"

    return walk(board, "")


def datasources(board: Json) -> Iterator[str]:
    """Everything asks the data source that is chosen."""
    for panel in panels(board):
        for it in [panel, *panel["targets"]] if panel.get("targets") else []:
            if it.get("datasource", {}).get("uid") != OWN_SOURCE:
                yield f"{panel['title']!r} asks {it.get('datasource')}"
    asked = [it for it in board["templating"]["list"] if it["type"] == "query"]
    for it in [*asked, *board["annotations"]["list"]]:
        if it.get("datasource", {}).get("uid") != OWN_SOURCE:
            yield f"{it['name']!r} asks {it.get('datasource')}"


def variables(board: Json) -> Iterator[str]:
    """Variables are asked again with the time range; those that are used are there."""
    given = {it["name"] for it in board["templating"]["list"]}
    for it in board["templating"]["list"]:
        if it["type"] == "query" and it["refresh"] != 2:
            yield f"variable {it['name']!r} is not asked again when the range changes"
    said = [it.expr for it in targets(board)] + [panel["title"] for panel in panels(board)]
    for name in sorted({name for text in said for name in re.findall(r"\$\{?([a-zA-Z_]\w*)", text)}):
        if name not in given | BUILTIN:
            yield f"${name} is used, and is no variable of this dashboard"


def words(board: Json) -> Iterator[str]:
    """Every panel has a title, a description, and words for what an empty one means."""
    for panel in everything(board):
        if not panel.get("title", "").strip():
            yield f"panel {panel['id']} has no title"
    for panel in panels(board):
        name, empty = repr(panel["title"]), panel["fieldConfig"]["defaults"].get("noValue", "")
        if not re.search(r"\w{3}.*[.?]$", panel.get("description", "")):
            yield f"{name} has no description that ends like a sentence"
        if panel.get("targets") and (len(empty) < 5 or empty.lower() == "no data"):
            yield f"{name} says {empty!r} when it is empty"
        if not panel.get("targets") and panel["type"] not in ("text", "alertlist"):
            yield f"{name} asks nothing"


def units(board: Json) -> Iterator[str]:
    """Every number has a unit that Grafana knows."""
    for panel in panels(board):
        fields = [panel["fieldConfig"]["defaults"]]
        fields += [
            {it["id"]: it["value"] for it in each["properties"]} for each in panel["fieldConfig"]["overrides"]
        ]
        given = [field["unit"] for field in fields if "unit" in field]
        yield from (f"{panel['title']!r} has the unit {it!r}" for it in given if it not in known_units())
        if panel.get("targets") and "unit" not in fields[0]:
            yield f"{panel['title']!r} has no unit"


def kinds(board: Json) -> Iterator[str]:
    """Kinds of panels, transformations and reducers that Grafana knows."""
    for panel in panels(board):
        name = panel["title"]
        if panel["type"] not in ALIVE:
            yield f"{name!r} is a {panel['type']}"
        for it in panel.get("transformations", []):
            if it["id"] not in known("transformations"):
                yield f"{name!r} transforms by {it['id']!r}"
        for calc in panel["options"].get("reduceOptions", {}).get("calcs", []):
            if calc not in known("reducers"):
                yield f"{name!r} reduces by {calc!r}"


def letters(board: Json) -> Iterator[str]:
    """The queries of a panel have letters of their own."""
    for panel in panels(board):
        given = [it["refId"] for it in panel.get("targets", [])]
        if len(given) != len(set(given)):
            yield f"{panel['title']!r} has the letters {given}"


def levels(board: Json) -> Iterator[str]:
    """No steps judge by the levels of the file: words beside the numbers do, by the levels in force."""
    allowed = [house.neutral(), house.budget_left(), house.too_old(), house.too_old(seldom=True)]
    allowed += [make(colour) for colour in COLOURS for make in HOUSE_STEPS]
    for panel in panels(board):
        defaults, overrides = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["overrides"]
        found = [it["value"] for each in overrides for it in each["properties"] if it["id"] == "thresholds"]
        for it in [*found, *([defaults["thresholds"]] if "thresholds" in defaults else [])]:
            if it not in allowed:
                yield f"{panel['title']!r} has the steps {it['steps']}, which are not of the house"


def colours(board: Json) -> Iterator[str]:
    """Every fixed colour is of the palette."""
    for found in re.findall(r"'(?:fixedColor|color)': '([^']+)'", str(everything(board))):
        if found not in COLOURS:
            yield f"the colour {found} is not of the palette"


def syntax(board: Json) -> Iterator[str]:
    """Every query is PromQL."""
    for it in targets(board):
        try:
            expressions.parsed(it.expr)
        except ValueError as error:
            yield f"{it.name}: {error}"


def names(board: Json) -> Iterator[str]:
    """Every metric exists, with the labels that are used."""
    there = metrics.labels()
    asked = [(it.name, it.expr) for it in targets(board)]
    asked += [(it["name"], it["expr"]) for it in board["annotations"]["list"]]
    for where, expr in asked:
        for it in expressions.reads(expr):
            if it.name not in there:
                yield f"{where}: there is no metric {it.name!r}"
            elif (own := there[it.name]) is not None and (odd := set(it.labels) - own - metrics.ADDED):
                yield f"{where}: {it.name} has no label {sorted(odd)}"
            for label, value in it.values:
                if label == "signal" and (
                    odd := set(value.split("|")) - metrics.signals() - {"signal", ".+"}
                ):
                    yield f"{where}: there is no signal {sorted(odd)}"


def asked_variables(board: Json) -> Iterator[str]:
    """Every metric whose labels fill a variable exists."""
    for it in board["templating"]["list"]:
        if it["type"] != "query":
            continue
        match = re.fullmatch(r"label_values\(([\w:]+)(\{.*\})?, (\w+)\)", it["query"]["query"])
        if match is None:
            yield f"variable {it['name']!r} asks {it['query']['query']!r}"
        elif match[1] not in metrics.labels():
            yield f"variable {it['name']!r} asks for {match[1]!r}, which is no metric"


# counters that are read on change only: a rate would hold in one minute what happened in hours
ON_CHANGE = ("ops_workers_reported_accepted_total",)


def rates(board: Json) -> Iterator[str]:
    """Counters are seen as rates; rates over time look back as far as Grafana says."""
    for it in targets(board):
        for read in expressions.reads(it.expr):
            if not COUNTERS.search(read.name) or NO_COUNTER.match(read.name) or read.name.startswith("ops:"):
                continue
            if read.name in ON_CHANGE:
                continue
            # whether a counter is there at all, is asked of the counter itself
            if not {*RATES, "group"} & set(read.functions) and not (it.instant and read.name in SUMS):
                yield f"{it.name}: the counter {read.name} is not seen as a rate"
        looks = r"\b(i?rate|delta)\([^()]*\[(?!\$__rate_interval|\$__range\] @ end)"
        if not it.instant and re.search(looks, it.expr):
            yield f"{it.name}: a rate over time that does not look back $__rate_interval"


RULES: tuple[Callable[[Json], Iterator[str]], ...] = (
    ids, grid, shell, nulls, datasources, variables, words, units, kinds, letters, levels, colours, syntax,
    names, asked_variables, rates,
)  # fmt: skip
