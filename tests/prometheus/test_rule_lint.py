"""Lint of the rules: errors that Prometheus accepts."""

import re
from collections import Counter
from collections.abc import Callable

import promql_parser as ql
import pytest

from exporter.inventory import list_metrics
from prometheus.freshness import FAST
from tests.prometheus import promql
from tests.prometheus.rule_checks import RULES, each_rule, known
from tests.prometheus.rule_files import FOLDER, Rule, read

RISING = {"rate", "increase", "irate", "changes"}
# divisions that cannot be by 0, each with the reason
CANNOT_BE_ZERO = {"slo:error_budget_left:ratio": "the loader refuses an objective of 1"}
# signals of the fast lane that read the counters of users' requests
PAGING = {"api_error_ratio", "api_response_time"}


@each_rule
def test_every_series_exists(rule: Rule) -> None:
    names = {it.name for it in RULES if not it.is_alert}
    for selector in promql.selectors(ql.parse(rule.expr)):
        for name in promql.metric_names(selector):
            assert name in known() or name in names, f"nobody shows {name}"


@each_rule
def test_every_matched_label_and_state_exists(rule: Rule) -> None:
    for selector in promql.selectors(ql.parse(rule.expr)):
        it = known().get(selector.name or "")
        for label, operator, value in promql.matchers(selector) if it else ():
            assert it is not None
            assert label in it.labels, f"{selector.name} has no label {label}"
            if operator == "=" and label in it.values:
                assert value in it.values[label], f"{selector.name} is never {label}={value}"


@each_rule
def test_every_selector_names_its_job(rule: Rule) -> None:
    for selector in promql.selectors(ql.parse(rule.expr)):
        name = selector.name or ""
        if name in known() and name.split("_")[0] in ("ops", "celery", "redis", "pg"):
            assert "job" in {label for label, _, _ in promql.matchers(selector)}, f"{name} of which job?"


@each_rule
def test_no_regex_matcher_has_a_plain_value(rule: Rule) -> None:
    for selector in promql.selectors(ql.parse(rule.expr)):
        for label, operator, value in promql.matchers(selector):
            assert operator not in ("=~", "!~") or re.search(r"[.*+|?\[(]", value), (
                f"{label}{operator}{value}"
            )


@each_rule
def test_counters_are_read_as_rates_and_gauges_are_not(rule: Rule) -> None:
    expr = ql.parse(rule.expr)
    within = {
        selector.name
        for it in promql.parts(expr)
        if isinstance(it, ql.Call) and it.func.name in RISING - {"changes"}
        for selector in promql.selectors(it)
    }
    # whether a counter is there at all, is asked of the counter itself
    there = isinstance(expr, ql.AggregateExpr) and promql.op(expr) == "group"
    for selector in promql.selectors(expr):
        it = known().get(selector.name or "")
        assert it is None or there or it.counts == (selector.name in within), selector.name


@each_rule
def test_no_division_can_give_nan(rule: Rule) -> None:
    for it in promql.parts(ql.parse(rule.expr)):
        if promql.op(it) == "/" and isinstance(it, ql.BinaryExpr) and rule.name not in CANNOT_BE_ZERO:
            assert promql.guarded(it.rhs), f"division by {it.rhs.prettify()}"


@each_rule
def test_no_ratio_is_aggregated(rule: Rule) -> None:
    for it in promql.parts(ql.parse(rule.expr)):
        if isinstance(it, ql.AggregateExpr) and promql.op(it) in ("sum", "avg"):
            assert all(promql.op(inner) != "/" for inner in promql.parts(it.expr))


def test_no_rule_is_duplicated() -> None:
    named = Counter(f"{it.name}{sorted(it.labels.items())}" for it in RULES)
    same = Counter(f"{it.expr}{sorted(it.labels.items())}" for it in RULES)
    assert [name for name, count in named.items() if count > 1] == []
    assert [name for name, count in same.items() if count > 1] == []


@each_rule
def test_users_requests_have_one_source(rule: Rule) -> None:
    """Only the recorded series read the counters, and the fast lane, which pages within a second."""
    names = {(selector.name or "").removeprefix(FAST) for selector in promql.selectors(ql.parse(rule.expr))}
    raw = {name for name in names if name.startswith("ops_http_request")}
    if raw:
        signal = rule.labels.get("signal", "")
        assert (
            rule.name.startswith(("module:", "module_le:", "users:", "users_le:", "any:")) or signal in PAGING
        )


def test_the_fast_scrape_has_all_series_of_the_fast_lane() -> None:
    job = next(
        it for it in read(FOLDER / "prometheus.yml")["scrape_configs"] if it["job_name"] == "exporter-fast"
    )
    asked = set(job["params"]["collect[]"])
    # the requests of a module stand there under the name of all requests
    scraped = {name.replace("http_module_requests", "http_requests") for name in job["params"]["name[]"]}
    parts = {it.metric.name: f"{it.collector}.{it.part}" for it in list_metrics()}
    names = {
        (selector.name or "").removeprefix(FAST)
        for rule in RULES
        for selector in promql.selectors(ql.parse(rule.expr))
        if (selector.name or "").startswith(FAST)
    }
    assert len(names) > 10
    assert scraped == names
    wanted = {parts.get(name) or parts[name.rpartition("_")[0]] for name in names}
    assert wanted == asked


FLAWS: dict[str, Callable[[ql.Expr], bool]] = {
    "up": lambda expr: not promql.compares(expr),
    "a > 0 or b": lambda expr: not promql.compares(expr),
    "a / b": lambda expr: isinstance(expr, ql.BinaryExpr) and not promql.guarded(expr.rhs),
    "a / (b > 0)": lambda expr: isinstance(expr, ql.BinaryExpr) and promql.guarded(expr.rhs),
    "a / 0": lambda expr: isinstance(expr, ql.BinaryExpr) and not promql.guarded(expr.rhs),
    "sum by (x) (a) > 0": lambda expr: promql.kept(expr, lambda _: frozenset("xy")) == {"x"},
    "max(a) > on () group_left () b": lambda expr: promql.kept(expr, lambda _: frozenset("x")) == {"x"},
    'a{x=~"b"}': lambda expr: promql.matchers(next(promql.selectors(expr))) == [("x", "=~", "b")],
    "absent(a)": lambda expr: promql.calls(expr, "absent"),
}  # fmt: skip


@pytest.mark.parametrize("expression", FLAWS)
def test_the_lint_finds_flaws(expression: str) -> None:
    assert FLAWS[expression](ql.parse(expression))
