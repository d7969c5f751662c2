"""The series that a query selects, with Grafana's variables filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import promql_parser as promql

VARIABLE = re.compile(r"\$\{(\w+)(?:[.:][^}]*)?\}|\[\[(\w+)(?::[^\]]*)?\]\]|\$(\w+)")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
ANYTHING = "any-value-of-a-variable"  # stands in a matcher for what somebody chooses
ANY_METRIC = "any_metric_of_a_variable"
DURATION, NUMBER = "5m", "5"
# a variable that stands alone in the braces, for ad hoc filters
FILTER = re.compile(r"(?<=[{,])\s*(?:\$\w+|\$\{\w+[^}]*\})\s*(?=[,}])")
OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


class UnreadableQuery(Exception):
    """PromQL that cannot be parsed; the text is one sentence."""


@dataclass(frozen=True)
class Matcher:
    """A matcher of a label."""

    label: str
    operator: str
    value: str

    @property
    def is_chosen(self) -> bool:
        """Whether somebody chooses the value."""
        return ANYTHING in self.value

    def accepts(self, value: str) -> bool:
        """Whether the matcher accepts this value; one that is chosen may be any."""
        if self.is_chosen:
            return True
        equal = self._equals(value)
        return equal if self.operator in ("=", "=~") else not equal

    def _equals(self, value: str) -> bool:
        if self.operator in ("=", "!="):
            return value == self.value
        try:
            return re.fullmatch(self.value, value) is not None
        except re.error:  # Go's syntax has what Python's has not
            return True


@dataclass(frozen=True)
class Selector:
    """A vector selector: a name, a pattern of names, or neither."""

    name: str
    matchers: tuple[Matcher, ...]

    def text(self) -> str:
        """The selector for Prometheus without chosen values; empty for one that fits everything."""
        parts = ",".join(it for it in map(chosen, self.matchers) if it)
        name = "" if self.name == ANY_METRIC else self.name
        return f"{name}{{{parts}}}" if name or parts else ""


def chosen(it: Matcher) -> str:
    """The matcher as PromQL; empty where its value is chosen, since any may be."""
    if it.is_chosen:
        return ""
    escaped = it.value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{it.label}{it.operator}"{escaped}"'


# what the parser can take; far beyond what anybody writes
MOST_CHARACTERS, MOST_SIGNS = 10_000, re.compile(r"(?:[-+]\s*){50}")
Reading = tuple[Selector, ...]  # selectors that must all find something
MOST_READINGS = 64


def readings(expression: str, variables: Mapping[str, str]) -> list[Reading]:
    """What the expression needs: one reading for each side of its `or`s. Raises UnreadableQuery."""
    text = fill(expression, variables)
    if len(text) > MOST_CHARACTERS or MOST_SIGNS.search(text):
        raise UnreadableQuery(f"cannot be parsed: over {MOST_CHARACTERS} characters, or nested too deeply")
    try:
        return [tuple(dict.fromkeys(it)) for it in walk(promql.parse(text))]
    except ValueError as error:
        raise UnreadableQuery(f"cannot be parsed: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise UnreadableQuery("cannot be parsed: it is nested too deeply") from None


def fill(expression: str, variables: Mapping[str, str]) -> str:
    """The expression with a value for each variable: in a string one that stands for any."""
    text = FILTER.sub("", expression.replace("$__range_s", "3600").replace("$__interval_ms", "60000"))
    found, end = [], 0
    for string in STRING.finditer(text):
        found.append(fill_outside(text[end : string.start()], variables))
        found.append(VARIABLE.sub(lambda it: variables.get(name_of(it)) or ANYTHING, string[0]))
        end = string.end()
    found.append(fill_outside(text[end:], variables))
    return re.sub(r"([{,]),+|,+(?=})", r"\1", "".join(found))


def fill_outside(text: str, variables: Mapping[str, str]) -> str:
    """The text outside strings with a duration, a number or a name for each variable."""

    def value(match: re.Match[str]) -> str:
        name = name_of(match)
        before, known = text[: match.start()].rstrip(), variables.get(name, "")
        if text[match.end() :].startswith(("{", "[")) and not known:
            return ANY_METRIC
        is_duration = name.startswith("__") or before.endswith(("[", ":", "offset")) or "interval" in name
        if is_duration:
            return known if re.fullmatch(r"(\d+(ms|[smhdwy]))+", known) else DURATION
        return known if re.fullmatch(r"[\w.:]+", known) else NUMBER

    return VARIABLE.sub(value, text)


def name_of(match: re.Match[str]) -> str:
    """The name of the variable."""
    return str(match[1] or match[2] or match[3])


def walk(node: Any) -> list[Reading]:
    """The readings of this node."""
    if isinstance(node, promql.VectorSelector):
        return [(selector(node),)]
    if isinstance(node, promql.MatrixSelector):
        return [(selector(node.vector_selector),)]
    if isinstance(node, promql.BinaryExpr):
        sides = [walk(node.lhs), walk(node.rhs)]
        return either(*sides) if str(node.op) == "or" else together(sides)
    return together([walk(it) for it in children(node)])


def children(node: Any) -> list[Any]:
    """The parts of any other expression."""
    if isinstance(node, promql.Call):
        return list(node.args)
    if isinstance(node, promql.AggregateExpr):
        return [it for it in (node.expr, node.param) if it is not None]
    return [node.expr] if isinstance(node, promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr) else []


def together(parts: list[list[Reading]]) -> list[Reading]:
    """All of them at once."""
    combined = (sum(chosen_ones, ()) for chosen_ones in product(*parts))
    return list(islice(combined, MOST_READINGS))


def either(left: list[Reading], right: list[Reading]) -> list[Reading]:
    """One of them; a number for want of a series, as in `or vector(0)`, is no answer."""
    return [it for it in (*left, *right) if it] or [()]


def selector(node: Any) -> Selector:
    """A selector as facts; matchers joined by `or` are left out."""
    matchers = tuple(
        Matcher(it.name, OPERATORS[str(it.op).rpartition(".")[2]], it.value) for it in node.matchers.matchers
    )
    return Selector(node.name or "", matchers)
