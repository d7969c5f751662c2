"""Which dashboards show a metric: in a query of their own, or through series that rules record of it."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

from exporter.metrics import MetricDesc
from grafana.dashboard import Dashboard
from grafana.dashboards import boards
from grafana.write import parse
from prometheus.groups import groups_by_file
from prometheus.rule_file import AlertRule, RecordingRule
from prometheus.thresholds import load

NAME = re.compile(r"[a-zA-Z_:][\w:]*")
SIGNALS = re.compile(r'\bsignal=~?"([\w|]+)"')
OF_SIGNAL = "ops:signal"
PARTS = ("", "_bucket", "_sum", "_count")
FAST = "fast:"


def boards_of(metric: MetricDesc) -> list[str]:
    """The titles of the dashboards that show this metric."""
    wanted = {metric.name + part for part in PARTS}
    return [title for title, names in names_by_board().items() if wanted & names]


def alerts_of(metric: MetricDesc) -> list[str]:
    """The alerts that read this metric, directly or through what is recorded of it."""
    wanted = {metric.name + part for part in PARTS}
    return sorted(
        {it.alert for it in rules() if isinstance(it, AlertRule) and wanted & with_sources(it.expr)}
    )


@cache
def names_by_board() -> dict[str, frozenset[str]]:
    """The names of every series that a dashboard shows, with those of which they are recorded."""
    return {
        str(board.title): frozenset(chain.from_iterable(map(with_sources, queries(board))))
        for board in boards()
    }


def queries(board: Dashboard) -> Iterator[str]:
    """The queries of its panels."""
    return expressions(parse(board)["panels"])


def expressions(node: Any) -> Iterator[str]:
    """Every `expr` below this node."""
    if isinstance(node, list):
        for it in node:
            yield from expressions(it)
    elif isinstance(node, dict):
        if isinstance(node.get("expr"), str):
            yield node["expr"]
        for it in node.values():
            yield from expressions(it)


def with_sources(expression: str) -> set[str]:
    """The names in an expression, and those from which these are recorded."""
    found, new = set[str](), [expression]
    while new:
        text = new.pop()
        words = {it.removeprefix(FAST) for it in NAME.findall(text)} - found
        found |= words
        new += [source for word in words for source in sources().get(word, ())]
        new += [
            signals()[name]
            for names in SIGNALS.findall(text)
            for name in names.split("|")
            if name in signals()
        ]
    return found


@cache
def sources() -> dict[str, list[str]]:
    """The expressions of each recorded name; those of a signal are found by the signal's name."""
    found: dict[str, list[str]] = {}
    for it in rules():
        if isinstance(it, RecordingRule) and not it.record.startswith(OF_SIGNAL):
            found.setdefault(it.record, []).append(it.expr)
    return found


@cache
def signals() -> dict[str, str]:
    """The expression of each signal."""
    return {name: it.expression for name, it in load().signals.items()}


@cache
def rules() -> list[RecordingRule | AlertRule]:
    """Every rule."""
    return [rule for groups in groups_by_file(load()).values() for group in groups for rule in group.rules]
