"""What the lint of rules shares: a test over all rules, and the labels of every series that they read."""

from collections.abc import Callable, Mapping
from functools import cache

import promql_parser as ql

from tests.prometheus import promql
from tests.prometheus.known_series import KnownSeries, known_series
from tests.prometheus.rule_files import Rule, alerts, rules

RULES = list(rules())
ALERTS = alerts()

Check = Callable[[Rule], None]
Labels = Mapping[str, frozenset[str]]


def each_rule(check: Check) -> Callable[[], None]:
    """A test that applies the check to every rule."""
    return check_all(check, RULES)


def each_alert(check: Check) -> Callable[[], None]:
    """A test that applies the check to every alert."""
    return check_all(check, ALERTS)


def check_all(check: Check, them: list[Rule]) -> Callable[[], None]:
    def test() -> None:
        flaws = [flaw for rule in them if (flaw := flaw_of(check, rule))]
        assert not flaws, "\n".join(flaws)

    return test


def flaw_of(check: Check, rule: Rule) -> str:
    try:
        check(rule)
    except AssertionError as flaw:
        return f"{rule}: {flaw}"
    return ""


@cache
def known() -> dict[str, KnownSeries]:
    return known_series()


@cache
def recorded_labels() -> Labels:
    """The labels of each recorded series, over all rules that record it."""
    found: Labels = {}
    # twice: a rule may read what a later one records
    for _ in range(2):
        found = labels_of_rules(found)
    return found


def labels_of_rules(earlier: Labels) -> Labels:
    found: dict[str, frozenset[str]] = {}
    for rule in RULES:
        if not rule.is_alert:
            kept = promql.kept(ql.parse(rule.expr), lambda it: selector_labels(it, earlier))
            labels = kept | frozenset(rule.labels)
            for key in {rule.name, signal_key(rule.name, rule.labels.get("signal"))}:
                found[key] = found.get(key, frozenset()) | labels
    return found


def signal_key(name: str, signal: str | None) -> str:
    return f"{name}/{signal}" if signal else name


def labels_of(selector: ql.VectorSelector) -> frozenset[str]:
    """The labels of the series that a selector finds."""
    return selector_labels(selector, recorded_labels())


def selector_labels(selector: ql.VectorSelector, recorded: Labels) -> frozenset[str]:
    """The labels of a selector, of one signal where it names one."""
    name = selector.name or ""
    if name in known():
        return known()[name].labels
    signal = next((value for label, _, value in promql.matchers(selector) if label == "signal"), None)
    return recorded.get(signal_key(name, signal), recorded.get(name, frozenset()))
