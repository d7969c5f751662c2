"""Service level objectives: what is promised, is it kept, how fast is the budget spent."""

from grafana import links
from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.grafana_json import Panel
from grafana.old_grid import Band, row, wide
from grafana.old_panels import Says, bars, timeseries, words
from grafana.old_tables import Column, table
from grafana.palette import any_is_bad, levels_left
from grafana.queries import slo

QUIET = "nothing happened that could be good or bad"
YOUNG = "no history yet: the first ratio comes after a few minutes"
SPENT = {"thresholds": levels_left(), "color": {"mode": "thresholds"}}


def board() -> Dashboard:
    """From what is left to what happened."""
    return Dashboard(
        "slo",
        "SLOs and error budgets",
        "What is promised, is it kept, and how fast is the error budget spent?",
        (now(), budgets(), burning(), events()),
        since="now-24h",
    )


def now() -> Band:
    """What is left of each budget."""
    left = "Share of each budget of thirty days that is left. Below 0: the promise is broken."
    coloured = {"thresholds": any_is_bad(), "color": {"mode": "thresholds"}}
    fires = Says(
        "Alerts on budgets that burn too fast.", "Prometheus does not answer", "none", TO_ALERTS, coloured
    )
    return row(
        "Is this fresh, and what is left?",
        wide(freshness.scraped(), 4),
        wide(words("Budget alerts", slo.alerts(), says=fires), 4),
        bars(
            "Error budget left",
            slo.left(),
            says=Says(left, YOUNG, "percentunit", more={**SPENT, "min": 0, "max": 1}),
        ),
        height=4,
    )


TO_ALERTS = (links.board("alerts", "All alerts"),)


def budgets() -> Band:
    """Each objective with what was kept of it."""
    return row("Is it kept?", listed(), height=6)


def listed() -> Panel:
    """Objectives in rows."""
    about = "Burn of 1 spends the budget in exactly thirty days; 14.4 over an hour pages."
    columns = [
        Column("slo", "Promise"),
        Column("A", "Promised", "percentunit"),
        Column("B", "Kept, 30 days", "percentunit", YOUNG),
        Column("C", "Budget left", "percentunit", YOUNG, more=SPENT),
        Column("D", "Burn, 1 hour", "short", YOUNG),
        Column("E", "Burn, 6 hours", "short", YOUNG),
        Column("F", "Burn, 1 day", "short", YOUNG),
        Column("G", "Burn, 3 days", "short", YOUNG),
    ]
    burns = map(slo.burn_rows, ("1h", "6h", "1d", "3d"))
    asked = (slo.objective(), slo.kept_rows(), slo.left_rows(), *burns)
    return table(
        "Objectives",
        *asked,
        says=Says(about, YOUNG, "none"),
        columns=columns,
        sort="Budget left",
        rising=True,
    )


def burning() -> Band:
    """How fast budgets burn."""
    fast = "How many times too fast each budget burnt, over an hour and over five minutes."
    slow = "The same over six hours and a day: slow fires."
    left = "Share of each budget that is left over time. A step down: an outage; a slope: steady errors."
    return row(
        "How fast is it spent?",
        timeseries("Fast burn", slo.burn_course("1h"), slo.burn_course("5m"), says=Says(fast, YOUNG)),
        timeseries("Slow burn", slo.burn_course("6h"), slo.burn_course("1d"), says=Says(slow, YOUNG)),
        timeseries("Budget over time", slo.left(), says=Says(left, YOUNG, "percentunit")),
    )


def events() -> Band:
    """What happened."""
    about = "Good and all events a second of each promise: the distance between them is spent budget."
    return row(
        "What happened?",
        timeseries("Events", slo.events("good"), slo.events("total"), says=Says(about, QUIET, "eps")),
        timeseries(
            "Kept over thirty days", slo.kept(), says=Says("Share of good events.", YOUNG, "percentunit")
        ),
        height=7,
    )
