"""The queries of the dashboards, filled in and fired as Grafana fires them."""

import json
import math
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

GENERATED = Path(__file__).parents[2] / "grafana" / "generated"
SCRAPE, HOUR = 15, 3_600
# pixels of a wide panel, of which Grafana makes the number of points that it asks for
POINTS = 620
# connections that a browser opens to one server
AT_ONCE = 6
# steps to which Grafana rounds, in seconds
STEPS = (15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600)
ALL = ".+"
# units of height that the first screen holds
FIRST_SCREEN = 17


@dataclass(frozen=True)
class Target:
    """A query of a panel, as the dashboard's file holds it."""

    board: str
    panel: str
    letter: str
    expr: str
    instant: bool
    # whether its panel shows the last hour, whatever range the dashboard has
    hour: bool = False

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{self.board} / {self.panel} / {self.letter}"


@dataclass(frozen=True)
class Request:
    """A panel, or a kind of marks, with its queries; whether it is on the first screen at 1366 x 768 px."""

    panel: str
    targets: tuple[Target, ...]
    first: bool


@dataclass(frozen=True)
class Range:
    """The time that a dashboard shows, up to `end` in Unix seconds."""

    seconds: int
    end: float

    @property
    def step(self) -> int:
        """Seconds between two points."""
        wanted = self.seconds / POINTS
        return next((step for step in STEPS if step >= wanted), STEPS[-1])

    def macros(self) -> dict[str, str]:
        """What Grafana derives of the range."""
        back = max(self.step + SCRAPE, 4 * SCRAPE)
        return {"__rate_interval": f"{back}s", "__interval": f"{self.step}s", "__range": f"{self.seconds}s"}


@dataclass(frozen=True)
class Answer:
    """How many series came, how long it took, and what was wrong, if anything."""

    target: Target
    series: int
    seconds: float
    error: str = ""


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by its name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(GENERATED.glob("*.json"))}


def targets(name: str, board: Mapping[str, Any]) -> Iterator[Target]:
    """The queries of its panels, and those of its annotations, which are asked as well."""
    for panel in panels(board):
        for it in panel.get("targets", []):
            hour = panel.get("timeFrom") == "1h"
            yield Target(name, panel["title"], it["refId"], it["expr"], it["instant"], hour)
    for it in board["annotations"]["list"]:
        yield Target(name, f"annotation {it['name']}", "A", it["expr"], instant=False)


def panels(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Its panels, those in closed rows as well."""
    for panel in board["panels"]:
        yield from (panel, *panel.get("panels", []))


def requests(name: str, board: Mapping[str, Any]) -> list[Request]:
    """What a browser asks when the dashboard opens: a request a panel that is not in a closed row."""
    grouped: dict[str, list[Target]] = {}
    for it in targets(name, board):
        grouped.setdefault(it.panel, []).append(it)
    rows = {panel["title"]: panel["gridPos"]["y"] for panel in board["panels"] if panel.get("targets")}
    marked = {f"annotation {it['name']}": 0 for it in board["annotations"]["list"] if it["enable"]}
    return [
        Request(panel, tuple(found), {**rows, **marked}[panel] < FIRST_SCREEN)
        for panel, found in grouped.items()
        if panel in {**rows, **marked}
    ]


def defaults(board: Mapping[str, Any]) -> dict[str, str]:
    """The variables as they are when the dashboard opens."""
    return {it["name"]: default(it) for it in board["templating"]["list"]}


def default(variable: Mapping[str, Any]) -> str:
    """The value with which a variable begins; everything stands for a pattern."""
    value = variable["current"]["value"]
    return str(variable.get("allValue", ALL)) if value == ["$__all"] else str(value)


def filled(expr: str, values: Mapping[str, str]) -> str:
    """The query with its variables replaced. Raises KeyError for one that nobody gives."""
    return re.sub(r"\$\{?([a-zA-Z_]\w*)\}?", lambda match: values[match[1]], expr)


class Prometheus:
    """A Prometheus that is asked over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, target: Target, shown: Range, variables: Mapping[str, str]) -> Answer:
        """Fire one query of a panel."""
        began = time.perf_counter()
        try:
            found = self.result(target, shown, variables)
        except urllib.error.HTTPError as error:
            return Answer(target, 0, time.perf_counter() - began, str(json.load(error).get("error")))
        return Answer(target, len(found), time.perf_counter() - began)

    def result(self, target: Target, shown: Range, variables: Mapping[str, str]) -> list[Any]:
        """The series that answer one query of a panel. Raises HTTPError where it is refused."""
        shown = Range(HOUR, shown.end) if target.hour else shown
        expr = filled(target.expr, {**variables, **shown.macros()})
        return self.instant(expr, shown) if target.instant else self.course(expr, shown)

    def instant(self, expr: str, shown: Range) -> list[Any]:
        """The present value."""
        return self.get("query", query=expr, time=f"{shown.end:.3f}")

    def course(self, expr: str, shown: Range) -> list[Any]:
        """The values over time."""
        step = shown.step
        end = math.floor(shown.end / step) * step
        return self.get(
            "query_range", query=expr, start=f"{end - shown.seconds}", end=f"{end}", step=f"{step}"
        )

    def get(self, path: str, **query: str) -> list[Any]:
        """The result of a query."""
        body = urllib.parse.urlencode(query).encode()
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data=body)  # noqa: S310 - http, our own
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return list(json.load(answer)["data"]["result"])

    def label_values(self, label: str, selector: str) -> set[str]:
        """The values of a label of the series of a selector."""
        query = urllib.parse.urlencode({"match[]": selector})
        address = f"{self.url}/api/v1/label/{label}/values?{query}"
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - http, our own
            return set(json.load(answer)["data"])

    def processor_time(self) -> float:
        """Seconds of processor time that it has taken since it started."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:  # noqa: S310 - our own
            lines = answer.read().decode().splitlines()
        return next(float(it.split()[1]) for it in lines if it.startswith("process_cpu_seconds_total "))

    def ask_panel(self, panel: Request, shown: Range, variables: Mapping[str, str]) -> list[Answer]:
        """Make the one request of a panel: its queries are answered one after another."""
        return [self.ask(it, shown, variables) for it in panel.targets]

    def ask_panels(
        self, panels: Iterable[Request], shown: Range, variables: Mapping[str, str]
    ) -> list[Answer]:
        """Make the requests of these panels, as many at once as a browser does."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = pool.map(lambda panel: self.ask_panel(panel, shown, variables), panels)
            return [answer for each in answers for answer in each]

    def ask_all(self, asked: Iterable[Target], shown: Range, variables: Mapping[str, str]) -> list[Answer]:
        """Fire all queries of a dashboard, as many at once as a browser does."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda target: self.ask(target, shown, variables), asked))
