"""Static analysis of PromQL expressions."""

from collections.abc import Callable, Iterator, Mapping

import promql_parser as ql

COMPARISONS = {">", "<", ">=", "<=", "==", "!="}
SETS = {"and", "or", "unless"}
MATCHES = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
LabelsOf = Callable[[ql.VectorSelector], frozenset[str]]
NOTHING: frozenset[str] = frozenset()


def op(expr: ql.Expr) -> str:
    """The operator of a binary expression or of an aggregation, empty for anything else."""
    return str(expr.op) if isinstance(expr, ql.BinaryExpr | ql.AggregateExpr) else ""


def bare(expr: ql.Expr) -> ql.Expr:
    """The expression without parentheses around it."""
    while isinstance(expr, ql.ParenExpr):
        expr = expr.expr
    return expr


def parts(expr: ql.Expr) -> Iterator[ql.Expr]:
    """The expression and all of its parts."""
    yield expr
    for child in children(expr):
        yield from parts(child)


def children(expr: ql.Expr) -> list[ql.Expr]:
    """The direct children of the expression."""
    if isinstance(expr, ql.BinaryExpr):
        return [expr.lhs, expr.rhs]
    if isinstance(expr, ql.Call):
        return list(expr.args)
    if isinstance(expr, ql.MatrixSelector):
        return [expr.vector_selector]
    return (
        [expr.expr]
        if isinstance(expr, ql.ParenExpr | ql.AggregateExpr | ql.UnaryExpr | ql.SubqueryExpr)
        else []
    )


def selectors(expr: ql.Expr) -> Iterator[ql.VectorSelector]:
    """Every selector in the expression."""
    return (it for it in parts(expr) if isinstance(it, ql.VectorSelector))


def metric_names(selector: ql.VectorSelector) -> list[str]:
    """The name of its metric, or the names that its matcher lists."""
    if selector.name:
        return [selector.name]
    return [
        name for label, _, names in matchers(selector) if label == "__name__" for name in names.split("|")
    ]


def matchers(selector: ql.VectorSelector) -> list[tuple[str, str, str]]:
    """Label, operator and value of each matcher."""
    return [(it.name, MATCHES[str(it.op)], it.value) for it in selector.matchers.matchers]


def compares(expr: ql.Expr) -> bool:
    """Whether a comparison decides the result, and not only the existence of a series."""
    expr = bare(expr)
    if op(expr) in SETS and isinstance(expr, ql.BinaryExpr):
        return compares(expr.lhs) and (op(expr) != "or" or compares(expr.rhs))
    return op(expr) in COMPARISONS


def calls(expr: ql.Expr, name: str) -> bool:
    """Whether the expression calls this function."""
    return any(isinstance(it, ql.Call) and it.func.name == name for it in parts(expr))


def kept(expr: ql.Expr, of: LabelsOf) -> frozenset[str]:
    """The labels that the result can have."""
    expr = bare(expr)
    if isinstance(expr, ql.VectorSelector):
        return of(expr)
    if isinstance(expr, ql.MatrixSelector):
        return of(expr.vector_selector)
    if isinstance(expr, ql.AggregateExpr):
        return frozenset(expr.modifier.labels) if expr.modifier else NOTHING
    if isinstance(expr, ql.BinaryExpr):
        return of_two(expr, of)
    return of_call(expr, of) if isinstance(expr, ql.Call) else NOTHING


def of_two(expr: ql.BinaryExpr, of: LabelsOf) -> frozenset[str]:
    """Comparisons and set operations keep the labels of the left side, arithmetic the matched ones."""
    left, right = kept(expr.lhs, of), kept(expr.rhs, of)
    if op(expr) == "or":
        return left | right
    return left or right


def of_call(expr: ql.Call, of: LabelsOf) -> frozenset[str]:
    """A function keeps the labels of its vector; absent() and time() have none."""
    if expr.func.name in ("absent", "vector", "time"):
        return NOTHING
    found = frozenset[str]().union(*(kept(argument, of) for argument in expr.args))
    return found - {"le"} if expr.func.name == "histogram_quantile" else found


def guarded(denominator: ql.Expr) -> bool:
    """Whether a division by this cannot give NaN: it is filtered to be above 0, or a number that is not 0."""
    denominator = bare(denominator)
    if isinstance(denominator, ql.NumberLiteral):
        return bool(denominator.val)
    return op(denominator) == ">" and isinstance(denominator, ql.BinaryExpr)


Recorded = Mapping[tuple[str, str], ql.Expr]
