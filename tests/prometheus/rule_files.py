"""The generated rule files, as Prometheus reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stack.settings import ROOT

FOLDER = ROOT / "prometheus"
FILES = sorted((FOLDER / "rules").glob("*.yml"))
CASES = sorted((FOLDER / "tests").glob("*.yml"))


@dataclass(frozen=True)
class Rule:
    """One rule of a file; `name` is the recorded series or the alert."""

    name: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]
    hold: str
    group: str
    is_alert: bool

    def __str__(self) -> str:
        return f"{self.name}{self.labels}"


def rules() -> Iterator[Rule]:
    """Every rule of every file."""
    for file in FILES:
        for group in read(file)["groups"]:
            yield from (rule(body, group["name"]) for body in group["rules"])


def alerts() -> list[Rule]:
    """Every alert of every severity."""
    return [it for it in rules() if it.is_alert]


def rule(body: dict[str, Any], group: str) -> Rule:
    """One rule, typed."""
    return Rule(
        name=body.get("alert") or body["record"],
        expr=body["expr"],
        labels=body.get("labels", {}),
        annotations=body.get("annotations", {}),
        hold=body.get("for", "0s"),
        group=group,
        is_alert="alert" in body,
    )


def read(file: Path) -> Any:
    """The content of a YAML file."""
    # each process of the tests reads the rules while it collects; the loader in C takes a tenth of the time
    return yaml.load(file.read_text(), yaml.CSafeLoader)
