"""The rules that a case of promtool needs: those that it asks for, and whatever these read.

promtool evaluates all rules of its files at each step of each case, and a case needs few of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser as ql
import yaml

from tests.prometheus.promql import matchers, selectors

Body = dict[str, Any]
OF_ALERTS = ("ALERTS", "ALERTS_FOR_STATE")
WHOLE = "tag:yaml.org,2002:int"
HOLDS: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda value, wanted: value == wanted,
    "!=": lambda value, wanted: value != wanted,
    "=~": lambda value, wanted: re.fullmatch(wanted, value) is not None,
    "!~": lambda value, wanted: re.fullmatch(wanted, value) is None,
}


class CaseLoader(yaml.CSafeLoader):
    """Reads `0x20`, which is promtool's for twenty-one zeros and YAML's for 32, as text."""


CaseLoader.yaml_implicit_resolvers = {
    first: [it for it in resolvers if it[0] != WHOLE]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
CaseLoader.add_implicit_resolver(WHOLE, re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))


def cases_apart(file: Path, folder: Path) -> list[Path]:
    """Write each case of a file into one of its own, beside just the rules that it needs; the new files."""
    document = read(file)
    groups = [it for name in document["rule_files"] for it in read(file.parent / name)["groups"]]
    return [
        written(folder, f"{file.stem}-{number}", document, needed_groups(groups, case), case)
        for number, case in enumerate(document["tests"])
    ]


def read(file: Path) -> Body:
    """A file of rules or of cases."""
    return dict(yaml.load(file.read_text(), CaseLoader))  # noqa: S506 - a safe loader


def written(folder: Path, name: str, document: Body, groups: list[Body], case: Body) -> Path:
    """One case and its rules as files."""
    rules, path = folder / f"{name}-rules.yml", folder / f"{name}.yml"
    rules.write_text(yaml.dump({"groups": groups}, Dumper=yaml.CSafeDumper))
    names = {it["name"] for it in groups}
    order = [it for it in document.get("group_eval_order", []) if it in names]
    alone = {**document, "rule_files": [str(rules)], "group_eval_order": order, "tests": [case]}
    path.write_text(yaml.dump(alone, Dumper=yaml.CSafeDumper, sort_keys=False))
    return path


def needed_groups(groups: Iterable[Body], case: Body) -> list[Body]:
    """The groups with the rules that the case needs, in their order."""
    wanted = needed([rule for group in groups for rule in group["rules"]], case)
    apart = ({**group, "rules": [it for it in group["rules"] if id(it) in wanted]} for group in groups)
    return [group for group in apart if group["rules"]]


def needed(rules: list[Body], case: Body) -> set[int]:
    """The identities of the rules that the case asks for, and of those that they read."""
    by_series: dict[str, list[Body]] = {}
    for rule in rules:
        for series in series_of(rule):
            by_series.setdefault(series, []).append(rule)
    names = {it["alertname"] for it in case.get("alert_rule_test", [])}
    waiting = [rule for rule in rules if rule.get("alert") in names]
    asked = [it["expr"] for it in case.get("promql_expr_test", [])]
    waiting += [rule for expr in asked for rule in read_by(expr, by_series)]
    found: set[int] = set()
    while waiting:
        rule = waiting.pop()
        if id(rule) not in found:
            found.add(id(rule))
            waiting += read_by(rule["expr"], by_series)
    return found


def read_by(expr: str, by_series: Mapping[str, list[Body]]) -> Iterator[Body]:
    """The rules whose series an expression may read."""
    for series, conditions in series_read(expr):
        named = [name for name in by_series if re.fullmatch(series, name)]
        yield from (rule for name in named for rule in by_series[name] if may_match(rule, conditions))


@cache
def series_read(expr: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """For each selector of an expression a pattern of names, and its conditions on labels."""
    found = []
    for selector in selectors(ql.parse(expr)):
        conditions = matchers(selector)
        by_name = [value for label, _, value in conditions if label == "__name__"]
        name = re.escape(selector.name) if selector.name else next(iter(by_name), ".*")
        found.append((name, [it for it in conditions if it[0] != "__name__"]))
    return found


def series_of(rule: Body) -> tuple[str, ...]:
    """The names of the series that a rule makes."""
    return (rule["record"],) if "record" in rule else OF_ALERTS


def may_match(rule: Body, conditions: Iterable[tuple[str, str, str]]) -> bool:
    """Whether the labels that a rule always gives meet the conditions; of other labels nothing is known."""
    given = {**rule.get("labels", {}), **({"alertname": rule["alert"]} if "alert" in rule else {})}
    return all(HOLDS[op](given[label], value) for label, op, value in conditions if label in given)
