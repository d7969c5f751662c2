"""Parts of panels that the rules of rendering look at, and what these allow, by name and why."""

from collections.abc import Iterator
from typing import Any

from grafana.sizes import Size
from tests.grafana.files import Json, panels

# what a rule allows, by name, and why
EXCEPTIONS: dict[str, dict[str, str]] = {
    "cells": {
        "overview / Modules": "counts of one or two digits are read in 75 px",
        "overview / Alerts": "counts of one or two digits are read in 75 px",
        "overview / Self-reports": "counts of one or two digits are read in 75 px",
    },
    "from_zero": {
        "slo / Error budget over time": "what is left of a budget may be below zero",
        "slo / SLI, 30 days": "ratios near 1 would be one line at the top",
    },
    "one_source": {
        "module / Requests": "requests by class of status are not recorded: the sum is the recorded one",
    },
    "few_variables": {"stack": "the shared variables are chosen there, and hidden everywhere else"},
}


def allowed(rule: str, name: str) -> bool:
    """Whether the rule has an exception of this name."""
    return name in EXCEPTIONS.get(rule, {})


def place(board: Json, panel: Json) -> str:
    """Where a panel stands."""
    return f"{board['uid'].removeprefix('watchroom-')} / {panel['title']}"


def size(panel: Json) -> Size:
    """The size of a panel."""
    return Size(panel["gridPos"]["w"], panel["gridPos"]["h"])


def of_kind(board: Json, *kinds: str) -> Iterator[tuple[str, Json, Json]]:
    """The panels of these kinds: where they stand, they themselves, their field defaults."""
    for panel in panels(board):
        if panel["type"] in kinds:
            yield place(board, panel), panel, panel["fieldConfig"]["defaults"]


def properties(panel: Json) -> Iterator[tuple[str, dict[str, Any]]]:
    """The overrides of a panel: what they match, and what is different there."""
    for it in panel["fieldConfig"]["overrides"]:
        yield it["matcher"]["options"], {each["id"]: each["value"] for each in it["properties"]}


def is_cards(panel: Json) -> bool:
    """Whether each series of a stat is a card."""
    return bool(panel["options"]["colorMode"] == "background_solid")


def words_of(mappings: list[Json]) -> Iterator[str]:
    """Every word that values stand for."""
    for it in mappings:
        options = it["options"]
        results = options.values() if it["type"] == "value" else [options["result"]]
        yield from (result["text"] for result in results)
