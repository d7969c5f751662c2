"""PromQL taken apart: which metrics a query reads, with which labels, inside which functions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

# what Grafana fills in before it asks
MACROS = {
    "$__rate_interval": "5m",
    "$__range": "1h",
    "$__interval": "30s",
}


@dataclass(frozen=True)
class Read:
    """A metric that a query reads."""

    name: str
    labels: frozenset[str]
    values: tuple[tuple[str, str], ...]
    functions: tuple[str, ...]
    window: str


def filled(expr: str) -> str:
    """The query with what Grafana derives of the range."""
    for macro, value in MACROS.items():
        expr = expr.replace(macro, value)
    return expr


def parsed(expr: str) -> Any:
    """The query as a tree. Raises ValueError with place and reason."""
    return promql.parse(re.sub(r"\$(\w+)", r"\1", filled(expr)))


def reads(expr: str) -> list[Read]:
    """What the query reads."""
    return list(walk(parsed(expr), ()))


def walk(node: Any, functions: tuple[str, ...]) -> Iterator[Read]:
    """What is read below this node, which stands inside these functions."""
    if isinstance(node, promql.VectorSelector):
        yield read(node, functions, "")
    elif isinstance(node, promql.MatrixSelector):
        yield read(node.vector_selector, functions, str(node.range))
    elif isinstance(node, promql.Call):
        for argument in node.args:
            yield from walk(argument, (*functions, node.func.name))
    elif isinstance(node, promql.AggregateExpr):
        yield from walk(node.expr, (*functions, str(node.op)))
    elif isinstance(node, promql.BinaryExpr):
        yield from walk(node.lhs, functions)
        yield from walk(node.rhs, functions)
    elif isinstance(node, promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr):
        yield from walk(node.expr, functions)


def read(selector: Any, functions: tuple[str, ...], window: str) -> Read:
    """A selector as facts."""
    matchers = selector.matchers.matchers
    values = tuple((it.name, it.value) for it in matchers)
    return Read(selector.name or "", frozenset(it.name for it in matchers), values, functions, window)


def grouped(node: Any) -> Iterator[str]:
    """Every label by which the query groups."""
    if isinstance(node, promql.AggregateExpr):
        yield from node.modifier.labels if node.modifier else ()
        yield from grouped(node.expr)
    elif isinstance(node, promql.BinaryExpr):
        yield from grouped(node.lhs)
        yield from grouped(node.rhs)
    elif isinstance(node, promql.Call):
        for argument in node.args:
            yield from grouped(argument)
    elif isinstance(node, promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr):
        yield from grouped(node.expr)
