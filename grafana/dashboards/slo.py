"""Service level objectives: what is left of each error budget, and how fast it is spent."""

from grafana import annotations, levels, links, mappings
from grafana.dashboard import Dashboard
from grafana.dashboards.freshness import data
from grafana.grafana_json import Panel
from grafana.graphs import graph, near_one
from grafana.grid import Section, section, top
from grafana.panels import PanelOptions
from grafana.queries import slo
from grafana.queries.freshness import MOST
from grafana.sizes import Size
from grafana.steps import budget_left
from grafana.strips import Cell, states, word
from grafana.tables import Column, table

QUIET = "nothing happened that could be good or bad"
YOUNG = "no history yet: the first ratio comes after a few minutes"
THIRD, HALF = Size(8, 8), Size(12, 8)
WAS = {
    "Error budget left, 30 days": "Error budget left",
    "Freshness": "Exporter",
    "Fast burn rate (1 h, 5 m)": "Fast burn",
    "Slow burn rate (6 h, 1 d)": "Slow burn",
    "Error budget over time": "Budget over time",
    "Good and all events": "Events",
    "SLI, 30 days": "Kept over thirty days",
}


def board() -> Dashboard:
    """From what is left to what happened."""
    return Dashboard(
        "slo",
        "SLOs and error budgets",
        "Is each objective met, and how fast is its error budget spent?",
        (top(left(), firing(), freshness(), objectives()), burn_rates(), events()),
        since="now-24h",
        marks=annotations.of_budgets(),
        was=WAS,
    )


def names() -> list[str]:
    """The objectives of the file."""
    return list(levels.thresholds().slos)


def left() -> Panel:
    """What is left of each budget."""
    about = "Share of the budget of thirty days that is left. Below 0 the objective is missed."
    cells = (Cell(it, slo.left_of(it), about, "percentunit", 1, steps=budget_left()) for it in names())
    return states("Error budget left, 30 days", Size(14, 4), *cells)


def firing() -> Panel:
    """Alerts on budgets."""
    about = "Alerts on error budgets that burn too fast, in the colour of the gravest."
    more = links.board("alerts", "All alerts")
    return states(
        "Budget alerts",
        Size(5, 4),
        word("Firing", slo.alerts_that_fire(), about, mappings.alerts(MOST), more),
    )


def freshness() -> Panel:
    """Whether events still arrive."""
    return states("Freshness", Size(5, 4), *data(("api",)))


def objectives() -> Panel:
    """Each objective with its budget and its burn rates."""
    about = (
        "A burn rate of 1 spends the budget in exactly thirty days; 14.4 over an hour pages. "
        "Level: how grave the alert is that fires; a budget that is spent raises none by itself. "
        "Few: too little happened to judge."
    )
    columns = [
        Column("slo", "SLO", sort="least first"),
        Column("H", "Level", 110, words=mappings.levels(good=mappings.TEXT)),
        Column("A", "Objective", 110, "percentunit"),
        Column("B", "SLI, 30 days", 120, "percentunit"),
        Column("C", "Budget left", 120, "percentunit", decimals=1, steps=budget_left()),
        Column("D", "Burn, 1 h", 110, "short"),
        Column("E", "Burn, 6 h", 110, "short"),
        Column("F", "Burn, 1 day", 110, "short"),
        Column("G", "Burn, 3 days", 110, "short"),
    ]
    burns = map(slo.burn_rows, ("1h", "6h", "1d", "3d"))
    asked = (slo.objective(), slo.kept_rows(), slo.left_rows(), *burns, slo.severity_of_budgets())
    return table("Objectives", Size(24, 6), PanelOptions(about, YOUNG), asked, columns)


def burn_rates() -> Section:
    """How fast budgets burn."""
    fast = "How many times too fast each budget burns, over an hour and over five minutes."
    slow = "The same over six hours and a day: slow fires."
    about = "Share of each budget that is left. A step down: an outage; a slope: steady errors."
    return section(
        "Burn rate",
        graph(
            "Fast burn rate (1 h, 5 m)", THIRD, PanelOptions(fast, YOUNG), *map(slo.burn_course, ("1h", "5m"))
        ),
        graph(
            "Slow burn rate (6 h, 1 d)", THIRD, PanelOptions(slow, YOUNG), *map(slo.burn_course, ("6h", "1d"))
        ),
        near_one(
            "Error budget over time",
            THIRD,
            PanelOptions(about, YOUNG, "percentunit"),
            slo.left(),
            names=names(),
        ),
    )


def events() -> Section:
    """What happened."""
    about = "Good and all events a second of each objective: the distance between them is spent budget."
    return section(
        "Events",
        graph(
            "Good and all events", HALF, PanelOptions(about, QUIET, "eps"), slo.events("good"),
            slo.events("total"),
        ),
        near_one(
            "SLI, 30 days", HALF, PanelOptions("Share of good events.", YOUNG, "percentunit"), slo.kept(),
            names=names(),
        ),
    )  # fmt: skip
