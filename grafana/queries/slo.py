"""Service level objectives: what is promised, what was kept, how fast the budget burns."""

from collections.abc import Iterator

from grafana.grafana_json import Query, query
from grafana.levels import thresholds
from grafana.queries.freshness import alerts
from prometheus.slo import burn_level, enough_events
from prometheus.threshold_rules import TOO_FEW


def left() -> Query:
    """Share of each error budget that is left."""
    return query("max by (slo) (slo:error_budget_left:ratio)", "{{slo}}")


def kept() -> Query:
    """Share of the events that were good, over thirty days."""
    return query("1 - max by (slo) (slo:error_ratio:30d)", "{{slo}}")


def objective() -> Query:
    """What is promised, in rows."""
    return query("max by (slo) (slo:objective:ratio)", rows=True)


def kept_rows() -> Query:
    """What was kept, in rows."""
    return query("1 - max by (slo) (slo:error_ratio:30d)", rows=True)


def left_rows() -> Query:
    """Share of the budget that is left, in rows."""
    return query("max by (slo) (slo:error_budget_left:ratio)", rows=True)


def burn_rows(window: str) -> Query:
    """How many times too fast the budget burns over a window, in rows."""
    return query(burn(window), rows=True)


def burn_course(window: str) -> Query:
    """How many times too fast each budget burnt over a window."""
    return query(burn(window), f"{{{{slo}}}} {window}")


def burn(window: str) -> str:
    """The error ratio as a multiple of what the objective allows."""
    return f"max by (slo) (slo:error_ratio:{window}) / (1 - max by (slo) (slo:objective:ratio))"


def events(kind: str) -> Query:
    """Good or all events a second."""
    return query(f"sum by (slo) (slo:{kind}:rate1m)", f"{{{{slo}}}} {kind}")


def left_of(slo: str) -> Query:
    """Share of the error budget of one objective that is left."""
    return query(f'max(slo:error_budget_left:ratio{{slo="{slo}"}})')


def alerts_that_fire() -> Query:
    """How many budget alerts fire, and hundreds by the gravest."""
    return alerts('alertname=~".+BudgetBurns"')


def severity_of_budgets() -> Query:
    """How grave the gravest budget alert of each objective is, in rows.

    Few where nothing was good or bad, or too little in the hour to judge that it burns too fast.
    """
    fires = 'ALERTS{alertstate="firing",alertname=~".+BudgetBurns",severity="%s"}'
    weighed = f"2 * {fires % 'warning'} or 3 * {fires % 'critical'}"
    # a ratio of no events is no number
    known = "0 * (max by (slo) (slo:error_ratio:30d) >= 0)"
    few = f"{TOO_FEW} * max by (slo) (slo:objective:ratio) ^ 0"
    unproven = f"{TOO_FEW} * max by (slo) ({' or '.join(unproven_burns())}) ^ 0"
    return query(f"max by (slo) ({weighed}) or {unproven} or {known} or {few}")


def unproven_burns() -> Iterator[str]:
    """The error ratio of each objective, where it passes the first burn rate and too little happened."""
    first = thresholds().burns[0]
    for name, slo in thresholds().slos.items():
        passed = f'slo:error_ratio:{first.long}{{slo="{name}"}} > {burn_level(slo, first)}'
        yield f"{passed} unless {enough_events(name, slo, first)}"
