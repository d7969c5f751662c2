"""Marks on graphs: the critical alerts about what the graphs show; the others can be switched on."""

from collections.abc import Sequence
from typing import Any

from grafana.grafana_json import DATASOURCE
from grafana.palette import ORANGE, PURPLE, RED

Mark = dict[str, Any]


def of_signals(signals: Sequence[str]) -> list[Mark]:
    """Marks on a dashboard of these signals."""
    return of_matcher(f'signal=~"{"|".join(signals)}"')


def of_module() -> list[Mark]:
    """Marks on the dashboard of the chosen module."""
    return of_matcher('module="$module"')


def of_budgets() -> list[Mark]:
    """Marks on the dashboard of the objectives."""
    return of_matcher('alertname=~".+BudgetBurns"')


def of_matcher(matcher: str) -> list[Mark]:
    """Critical alerts at once, warnings and wrong self-reports on demand."""
    return [
        {**alerts("Critical alerts", "critical", matcher, RED), "enable": True},
        alerts("Warnings", "warning", matcher, ORANGE),
        wrong_self_reports(),
    ]


def alerts(name: str, severity: str, matcher: str, colour: str) -> Mark:
    """When alerts of this severity fired, as regions behind every graph."""
    expr = f'max by (alertname, module) (ALERTS{{alertstate="firing",severity="{severity}",{matcher}}})'
    return mark(name, expr, "{{alertname}} {{module}}", "alertname", colour)


def wrong_self_reports() -> Mark:
    """When the backend's report and what is observed disagreed."""
    expr = "max by (subject, reported, observed) (ops_self_report_disagrees) == 1"
    return mark("Wrong self-reports", expr, "{{subject}}: {{reported}}, but {{observed}}", "subject", PURPLE)


def mark(name: str, expr: str, title: str, tags: str, colour: str) -> Mark:
    """An annotation from a query, to be switched on."""
    return {
        "name": name,
        "datasource": dict(DATASOURCE),
        "enable": False,
        "hide": False,
        "iconColor": colour,
        # what Grafana before 10 reads; later ones read the target
        "expr": expr,
        "target": {"expr": expr, "refId": "Anno", "interval": "30s"},
        "titleFormat": title,
        "tagKeys": tags,
        "step": "30s",
        "useValueForTime": False,
    }
