"""The rules against mistakes that Prometheus lets pass."""

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import get_args

import promql_parser as ql
import pytest

from exporter.inventory import list_metrics
from prometheus.annotations import Dashboard, Page
from prometheus.freshness import FAST
from tests.prometheus import promql
from tests.prometheus.known import Known, series
from tests.prometheus.rule_files import FOLDER, Rule, alerts, read, rules

RULES = list(rules())
ALERTS = alerts()
RISING = {"rate", "increase", "irate", "changes"}
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url", "action_url"}
# divisions that cannot be by 0, each with the reason
CANNOT_BE_ZERO = {"slo:error_budget_left:ratio": "an objective below 1 is demanded by the loader"}

Check = Callable[[Rule], None]


def each_rule(check: Check) -> Callable[[], None]:
    """A test that holds every rule to this."""
    return held_to(check, RULES)


def each_alert(check: Check) -> Callable[[], None]:
    """A test that holds every alert to this."""
    return held_to(check, ALERTS)


def held_to(check: Check, them: list[Rule]) -> Callable[[], None]:
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
def known() -> dict[str, Known]:
    return series()


@cache
def recorded() -> dict[str, frozenset[str]]:
    """The labels of each recorded series, over all rules that record it."""
    found: dict[str, frozenset[str]] = {}
    for rule in RULES:
        if not rule.is_alert:
            labels = promql.kept(ql.parse(rule.expr), labels_of) | frozenset(rule.labels)
            key = signal_key(rule.name, rule.labels.get("signal"))
            found[key] = found.get(key, frozenset()) | labels
            found[rule.name] = found.get(rule.name, frozenset()) | labels
    return found


def signal_key(name: str, signal: str | None) -> str:
    return f"{name}/{signal}" if signal else name


def labels_of(selector: ql.VectorSelector) -> frozenset[str]:
    """The labels of the series that a selector finds; of a signal's own where one is named."""
    name = selector.name or ""
    if name in known():
        return known()[name].labels
    signal = next((value for label, _, value in promql.matchers(selector) if label == "signal"), None)
    earlier = RECORDED_LABELS.get(signal_key(name, signal), RECORDED_LABELS.get(name))
    if earlier is None:
        return frozenset()
    return earlier


RECORDED_LABELS: dict[str, frozenset[str]] = {}


@pytest.fixture(autouse=True, scope="module")
def labels_of_what_is_recorded() -> None:
    # twice: a rule may read what a later one records
    for _ in range(2):
        recorded.cache_clear()
        RECORDED_LABELS.update(recorded())


@each_rule
def test_every_series_that_is_read_exists(rule: Rule) -> None:
    names = {it.name for it in RULES if not it.is_alert}
    for selector in promql.selectors(ql.parse(rule.expr)):
        assert selector.name in known() or selector.name in names, f"nobody shows {selector.name}"


@each_rule
def test_every_label_and_state_that_is_asked_for_exists(rule: Rule) -> None:
    for selector in promql.selectors(ql.parse(rule.expr)):
        it = known().get(selector.name or "")
        for label, operator, value in promql.matchers(selector) if it else ():
            assert it is not None
            assert label in it.labels, f"{selector.name} has no label {label}"
            if operator == "=" and label in it.values:
                assert value in it.values[label], f"{selector.name} is never {label}={value}"


@each_rule
def test_every_reading_says_which_scrape_it_reads(rule: Rule) -> None:
    for selector in promql.selectors(ql.parse(rule.expr)):
        name = selector.name or ""
        if name in known() and name.split("_")[0] in ("ops", "celery", "redis", "pg"):
            assert "job" in {label for label, _, _ in promql.matchers(selector)}, f"{name} of which job?"


@each_rule
def test_no_pattern_stands_where_a_value_would_do(rule: Rule) -> None:
    for selector in promql.selectors(ql.parse(rule.expr)):
        for label, operator, value in promql.matchers(selector):
            assert operator not in ("=~", "!~") or re.search(r"[.*+|?\[(]", value), (
                f"{label}{operator}{value}"
            )


@each_rule
def test_counters_are_only_read_as_rates_and_gauges_never_are(rule: Rule) -> None:
    expr = ql.parse(rule.expr)
    within = {
        selector.name
        for it in promql.parts(expr)
        if isinstance(it, ql.Call) and it.func.name in RISING - {"changes"}
        for selector in promql.selectors(it)
    }
    for selector in promql.selectors(expr):
        it = known().get(selector.name or "")
        assert it is None or it.counts == (selector.name in within), selector.name


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


def test_no_rule_stands_twice() -> None:
    named = Counter(f"{it.name}{sorted(it.labels.items())}" for it in RULES)
    same = Counter(f"{it.expr}{sorted(it.labels.items())}" for it in RULES)
    assert [name for name, count in named.items() if count > 1] == []
    assert [name for name, count in same.items() if count > 1] == []


@each_alert
def test_an_alert_compares(rule: Rule) -> None:
    expr = ql.parse(rule.expr)
    assert promql.compares(expr) or promql.calls(expr, "absent")


@each_alert
def test_an_alert_on_absence_waits(rule: Rule) -> None:
    assert rule.hold != "0s" or not promql.calls(ql.parse(rule.expr), "absent")


@each_alert
def test_an_alert_says_everything(rule: Rule) -> None:
    assert rule.annotations.keys() == ANNOTATIONS
    assert all(rule.annotations.values())
    assert rule.annotations["description"].endswith(".")
    assert not rule.annotations["summary"].endswith(".")
    assert rule.labels["severity"] in ("info", "warning", "critical")
    assert rule.labels["lane"] == ("fast" if rule.group.startswith("fast") else "slow")
    assert re.fullmatch(r"[A-Z][A-Za-z]+", rule.name)


@each_alert
def test_the_words_name_only_labels_that_are_there(rule: Rule) -> None:
    there = promql.kept(ql.parse(rule.expr), labels_of) | frozenset(rule.labels)
    for text in rule.annotations.values():
        for label in re.findall(r"\$labels\.(\w+)", text):
            assert label in there, f"{label} does not survive in {rule.expr}; {sorted(there)} do"


@each_alert
def test_values_are_written_for_people(rule: Rule) -> None:
    for text in rule.annotations.values():
        for written in re.findall(r"{{ \$value[^}]*}}", text):
            assert "humanize" in written or "printf" in written, written


@each_alert
def test_the_links_lead_somewhere(rule: Rule) -> None:
    dashboards = {f"{{{{ $externalLabels.grafana_url }}}}/d/watchroom-{name}" for name in get_args(Dashboard)}
    pages = {f"{{{{ $externalLabels.service_url }}}}{page}" for page in get_args(Page)}
    assert rule.annotations["dashboard_url"].partition("?")[0] in dashboards
    assert rule.annotations["action_url"].partition("?")[0] in pages
    assert rule.annotations["runbook_url"] == f"{{{{ $externalLabels.runbooks_url }}}}#{rule.name.lower()}"


@each_alert
def test_a_dashboard_is_narrowed_only_by_variables_of_its_own(rule: Rule) -> None:
    name = re.findall(r"watchroom-(\w+)", rule.annotations["dashboard_url"])[0]
    assert set(re.findall(r"var-(\w+)=", rule.annotations["dashboard_url"])) <= variables(name)


@cache
def variables(name: str) -> set[str]:
    """The variables of a dashboard beside those that all of them share."""
    board = json.loads((FOLDER.parent / "grafana" / "generated" / f"{name}.json").read_text())
    return {it["name"] for it in board["templating"]["list"]} - {"datasource", "job", "instance", "service"}


def test_the_fast_scrape_asks_for_all_that_the_fast_lane_reads_and_keeps_it() -> None:
    job = next(
        it for it in read(FOLDER / "prometheus.yml")["scrape_configs"] if it["job_name"] == "exporter-fast"
    )
    keep = next(it for it in job["metric_relabel_configs"] if it["action"] == "keep")["regex"]
    asked = set(job["params"]["collect[]"])
    parts = {it.metric.name: f"{it.collector}.{it.part}" for it in list_metrics()}
    names = {
        (selector.name or "").removeprefix(FAST)
        for rule in RULES
        for selector in promql.selectors(ql.parse(rule.expr))
        if (selector.name or "").startswith(FAST)
    }
    assert len(names) > 10
    for name in names:
        assert re.fullmatch(keep, name), f"{name} is dropped"
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
def test_the_lint_itself_sees_what_it_should(expression: str) -> None:
    assert FLAWS[expression](ql.parse(expression))


def test_every_dashboard_that_alerts_lead_to_is_generated() -> None:
    uids = {
        json.loads(file.read_text())["uid"]
        for file in (FOLDER.parent / "grafana" / "generated").glob("*.json")
    }
    assert {f"watchroom-{name}" for name in get_args(Dashboard)} <= uids
