"""Links as they are clicked: to another dashboard, with what it is given, or to a page of the service."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.dashboards.prometheus_client import Prometheus, Range, dashboards, defaults, filled, panels
from benchmarks.dashboards.screen import Cell, Screen, filled_address
from tests.stack.operator_client import OperatorClient

Json = dict[str, Any]
HOUR = 3_600
VALUES = re.compile(r"label_values\((.+), (\w+)\)")


class DeadEnd(Exception):
    """A link that leads nowhere."""


@dataclass(frozen=True)
class Browser:
    """What a person has: the dashboards on this Prometheus, and the pages of the service."""

    prometheus: Prometheus
    service: OperatorClient
    address: str

    def open(self, name: str, end: float, **given: str) -> Screen:
        """A dashboard with these variables, at this Unix time. Raises DeadEnd where there is none."""
        board = dashboards().get(name)
        if board is None:
            raise DeadEnd(f"there is no dashboard {name!r}")
        values = {**defaults(board), "service": self.address, **given}
        return Screen(self.prometheus, name, board, values, Range(HOUR, end))

    def follow(self, url: str, end: float) -> Screen | str:
        """The dashboard, or the text of the page, at an address. Raises DeadEnd where it leads nowhere."""
        if url.startswith("/d/"):
            return self.follow_to_board(url, end)
        if not url.startswith(f"{self.address}/"):
            raise DeadEnd(f"{url} is neither a dashboard nor a page of the service")
        try:
            return self.service.page(url.removeprefix(self.address))
        except AssertionError as error:
            raise DeadEnd(f"{url} answers {error}") from None

    def follow_to_board(self, url: str, end: float) -> Screen:
        """The dashboard at an address, with the variables of the address."""
        parts, given = urlsplit(url), {}
        query = parse_qs(parts.query, strict_parsing=True)
        screen = self.open(parts.path.removeprefix("/d/watchroom-"), end)
        for name, (value,) in query.items():
            if name.startswith("var-"):
                given[name.removeprefix("var-")] = self.taken(screen, name.removeprefix("var-"), value)
        view = query.get("viewPanel")
        if view and int(view[0]) not in {it["id"] for it in panels(screen.board)}:
            raise DeadEnd(f"{url} leads to a panel that is not there")
        if not {"from", "to"} <= set(query):
            raise DeadEnd(f"{url} loses the range")
        return self.open(screen.name, end, **given)

    def taken(self, screen: Screen, name: str, value: str) -> str:
        """The value of a variable, if the dashboard takes it. Raises DeadEnd where it does not."""
        found = [it for it in screen.board["templating"]["list"] if it["name"] == name]
        if not found:
            raise DeadEnd(f"{screen.name} takes no variable {name!r}")
        if value != screen.values[name] and found[0]["type"] == "query":
            offered = self.offered(found[0], screen.values)
            if value not in offered:
                raise DeadEnd(f"{screen.name} has no {name} {value!r}; expected one of {sorted(offered)}")
        return value

    def offered(self, variable: Json, values: Mapping[str, str]) -> set[str]:
        """The values that a variable offers."""
        match = VALUES.fullmatch(variable["query"]["query"])
        if match is None:
            raise DeadEnd(f"the variable {variable['name']!r} asks {variable['query']}")
        return self.prometheus.label_values(match[2], filled(match[1], values))


def clicked(screen: Screen, cells: Iterable[Cell], panel: str, row: str, title: str) -> str:
    """The address behind a link: of a cell whose row matches, or of a text. Raises DeadEnd where none is."""
    for it in cells:
        for name, url in it.links.items():
            if re.fullmatch(row, it.row) and name.startswith(title):
                return url
    for text in panels(screen.board):
        if text["title"] == panel and text["type"] == "text":
            for name, url in re.findall(r"\[\**(.+?)\**\]\(([^)]+)\)", text["options"]["content"]):
                if name == title:
                    return filled_address(url, screen, {})
    raise DeadEnd(f"{screen.name} / {panel} has no link {title!r} for {row!r}")


def every_link(screen: Screen, cells: Iterable[Cell]) -> set[str]:
    """Every address that these cells, and the texts of the dashboard, lead to."""
    found = {url for it in cells for url in it.links.values()}
    for text in panels(screen.board):
        if text["type"] == "text":
            written = re.findall(r"\]\(([^)]+)\)", text["options"]["content"])
            found |= {filled_address(url, screen, {}) for url in written}
    return found
