"""The dashboards as they are checked in, and the parts of them that tests look at."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from grafana.write import GENERATED

Json = dict[str, Any]
KNOWN = Path(__file__).with_name("known")


@dataclass(frozen=True)
class Target:
    """A query of a panel."""

    board: str
    panel: str
    kind: str
    refid: str
    expr: str
    instant: bool

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{self.board} / {self.panel} / {self.refid}"


@cache
def dashboards() -> dict[str, Json]:
    """Every file by its name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(GENERATED.glob("*.json"))}


def panels(board: Json) -> list[Json]:
    """The panels of a dashboard, those in closed rows as well, without the titles of rows."""
    return [panel for panel in everything(board) if panel["type"] != "row"]


def everything(board: Json) -> list[Json]:
    """The titles of rows and the panels, those in closed rows as well."""
    return [it for panel in board["panels"] for it in (panel, *panel.get("panels", []))]


def targets(board: Json) -> Iterator[Target]:
    """The queries of a dashboard."""
    for panel in panels(board):
        for it in panel.get("targets", []):
            yield Target(
                board["uid"].removeprefix("watchroom-"),
                panel["title"],
                panel["type"],
                it["refId"],
                it["expr"],
                it["instant"],
            )


def links(board: Json) -> Iterator[str]:
    """Every address that a panel, a column or a text of the dashboard leads to."""
    for panel in panels(board):
        yield from (link["url"] for link in panel["fieldConfig"]["defaults"].get("links", []))
        for override in panel["fieldConfig"]["overrides"]:
            for it in override["properties"]:
                yield from (link["url"] for link in it["value"]) if it["id"] == "links" else ()


def texts(board: Json) -> Iterator[str]:
    """The Markdown of the dashboard."""
    yield from (panel["options"]["content"] for panel in panels(board) if panel["type"] == "text")


def known(kind: str) -> set[str]:
    """The ids that Grafana knows: transformations or reducers."""
    return set(json.loads((KNOWN / f"{kind}.json").read_text())["ids"])
