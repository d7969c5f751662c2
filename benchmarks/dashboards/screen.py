"""What a panel shows: its answers as Grafana writes them, in words, with the addresses that cells lead to."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from benchmarks.dashboards.prometheus_client import Prometheus, Range, Target, panels, targets
from grafana.links import LAST_HOUR

Json = dict[str, Any]
Labels = Mapping[str, str]
DAY, HOUR, MINUTE = 86_400, 3_600, 60
EMPTY = "nothing"


@dataclass(frozen=True)
class Cell:
    """A cell of a panel: row and column, its value and how that is said, where a click leads, by title."""

    panel: str
    row: str
    column: str
    value: str | float | None
    text: str
    links: Mapping[str, str]


@dataclass(frozen=True)
class Screen:
    """A dashboard with its variables, at one moment."""

    prometheus: Prometheus
    name: str
    board: Json
    values: Mapping[str, str]
    shown: Range

    def cells(self, title: str) -> list[Cell]:
        """What a panel of this title shows. Raises StopIteration where the board has none."""
        titled = (it for it in panels(self.board) if it["title"] == title)
        panel = next(it for it in titled if it["type"] != "row")
        return list(table(self, panel) if panel["type"] == "table" else series(self, panel))

    def first(self, height: int) -> list[Json]:
        """The panels whose top is within this height and that answer queries with words or numbers."""
        kinds = ("stat", "table")
        return [it for it in self.board["panels"] if it["type"] in kinds and it["gridPos"]["y"] < height]

    def answers(self, panel: Json) -> Iterator[tuple[Target, list[tuple[Labels, float]]]]:
        """Each query of a panel, with the last value of each series."""
        wanted = {it["refId"] for it in panel.get("targets", [])}
        for it in targets(self.name, {"panels": [panel], "annotations": {"list": []}}):
            if it.letter in wanted:
                yield it, last(self.prometheus, it, self.shown, self.values)


def last(
    prometheus: Prometheus, target: Target, shown: Range, values: Mapping[str, str]
) -> list[tuple[Labels, float]]:
    """The last value of each series that answers."""
    found = prometheus.result(target, shown, values)
    return [(it["metric"], float((it["value"] if target.instant else it["values"][-1])[1])) for it in found]


def series(screen: Screen, panel: Json) -> Iterator[Cell]:
    """The cells of a stat, or the last values of a graph: one a series, named as its legend is."""
    legends = {it["refId"]: it["legendFormat"] for it in panel["targets"]}
    for target, answers in screen.answers(panel):
        for labels, value in answers:
            name = re.sub(r"\{\{(\w+)\}\}", lambda it: labels.get(it[1], ""), legends[target.letter])  # noqa: B023
            config = field_config(panel, name)
            links = {it["title"]: filled_address(it["url"], screen, labels) for it in config.get("links", [])}
            yield Cell(panel["title"], name, "", value, worded(value, config), links)


def table(screen: Screen, panel: Json) -> Iterator[Cell]:
    """The cells of a table, whose queries are merged by their labels; rows are named by their first label."""
    rows: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for target, answers in screen.answers(panel):
        for labels, value in answers:
            key = tuple(sorted((name, text) for name, text in labels.items() if text))
            rows.setdefault(key, {})[f"Value #{target.letter}"] = value
    renamed = columns(panel, len(panel["targets"]))
    for key, numbers in rows.items():
        own: dict[str, str | float] = {**dict(key), **numbers}
        named = [name for name in renamed if not name.startswith("Value")]
        row = " ".join(str(own[name]) for name in named if own.get(name))
        for name, title in renamed.items():
            config = field_config(panel, title)
            found = own.get(name)
            leads = {
                it["title"]: filled_address(it["url"], screen, {}, own) for it in config.get("links", [])
            }
            yield Cell(panel["title"], row, title, found, worded(found, config), leads)


def columns(panel: Json, queries: int) -> dict[str, str]:
    """The fields that a table shows, in their order, with the titles of their columns."""
    by_kind = {it["id"]: it["options"] for it in panel["transformations"]}
    shown = by_kind["filterFieldsByName"]["include"]["names"]
    titles, places = by_kind["organize"]["renameByName"], by_kind["organize"]["indexByName"]
    ordered = sorted(shown, key=lambda it: places.get(it, len(places)))
    # a single query has a column "Value" without its letter
    found = {it: titles.get(it, it) for it in ordered}
    return {("Value #A" if it == "Value" and queries == 1 else it): title for it, title in found.items()}


def field_config(panel: Json, name: str) -> Json:
    """The configuration of a field: the panel's, and what is different for this one."""
    config = dict(panel["fieldConfig"]["defaults"])
    for it in panel["fieldConfig"]["overrides"]:
        matcher = it["matcher"]
        same = matcher["id"] == "byName" and matcher["options"] == name
        if same or (matcher["id"] == "byRegexp" and re.fullmatch(matcher["options"].strip("/"), name)):
            config |= {each["id"]: each["value"] for each in it["properties"]}
    return config


def worded(value: str | float | None, config: Json) -> str:
    """A value as Grafana shows it: by its mapping, as a text, or as a number with its unit."""
    if value is None:
        return str(config.get("noValue", ""))
    for it in config.get("mappings", []):
        if it["type"] == "value" and (found := it["options"].get(plain(value))):
            return str(found["text"])
        if it["type"] == "special" and isinstance(value, float) and math.isnan(value):
            return str(it["options"]["result"]["text"])
    return value if isinstance(value, str) else measured(value, str(config.get("unit", "")))


def plain(value: str | float) -> str:
    """A value as the key of a mapping."""
    return value if isinstance(value, str) else f"{value:g}"


def measured(value: float, unit: str) -> str:
    """A number with its unit."""
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "s":
        return duration(value)
    return f"{value:.3g} {'/s' if unit == 'reqps' else ''}".strip()


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    if abs(seconds) < 1:
        return f"{1000 * seconds:.3g} ms"
    sizes = ((DAY, "days"), (HOUR, "hours"), (MINUTE, "min"), (1, "s"))
    size, word = next((it for it in sizes if abs(seconds) >= it[0]), sizes[-1])
    return f"{seconds / size:.3g} {word}"


def filled_address(
    url: str, screen: Screen, labels: Labels, fields: Mapping[str, str | float] | None = None
) -> str:
    """The address of a link, with everything filled in that Grafana fills in."""

    def replacement(match: re.Match[str]) -> str:
        name, _, how = match[1].partition(":")
        if name == "__url_time_range":
            return LAST_HOUR
        if how == "queryparam":
            return f"var-{name}={quote(screen.values[name], safe='')}"
        start, _, key = name.rpartition(".")
        known = {"__field.labels": labels, "__data.fields": fields or {}, "": screen.values}[start]
        value = plain(known.get(key, ""))
        return quote(value, safe="") if how == "percentencode" else value

    return re.sub(r"\$\{([\w.]+(?::\w+)?)\}", replacement, url)


def in_words(cells: Iterable[Cell]) -> str:
    """Cells as one line: each row with its columns."""
    rows: dict[str, list[str]] = {}
    for it in cells:
        rows.setdefault(it.row, []).append(f"{it.column}: {it.text}" if it.column else it.text)
    return "; ".join(f"{row} ({', '.join(texts)})" for row, texts in rows.items()) or EMPTY
