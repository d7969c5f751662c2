"""Engagement: how many people use it, what they do, what they make."""

from grafana import annotations, levels, mappings
from grafana.dashboard import Dashboard
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel
from grafana.graphs import graph, stacked
from grafana.grid import Section, section, top
from grafana.panels import PanelOptions
from grafana.queries import engagement
from grafana.sizes import Size
from grafana.strips import Cell, count, level, states, word
from grafana.tables import Column, table

NONE = "neither the backend's report nor its tables tell"
WINDOWS = ("1d", "7d", "30d")
KINDS = ("view", "save", "rate", "share", "annotate")
OBJECTS = ("resources", "annotations", "collections")
SOURCE = {"1": ("report", mappings.TEXT), "0": ("tables", mappings.TEXT)}
QUARTER = Size(6, 8)
WAS = {
    "Data and alerts": "Alerts on this",
    "Interactions, 1 day": "Interactions of a day",
    "Interactions by type": "Interactions",
    "Objects": "There are",
    "Created, 1 day": "Created within a day",
}


def board() -> Dashboard:
    """From people to what they make."""
    return Dashboard(
        "engagement",
        "Engagement",
        "How many people use it, what do they do, and what do they make?",
        (top(users(), data_and_alerts("engagement", "engagement")), activity(), content()),
        since="now-24h",
        marks=annotations.of_signals(levels.signals_of("engagement")),
        was=WAS,
    )


def users() -> Panel:
    """People in numbers."""
    share = "Share of all users that were active within thirty days."
    good = "Share of a day's interactions that were positive."
    source = "Where the figures come from: the backend's report, or its tables."
    judged = (
        "How grave the fall of daily users against the same day a week ago is, by the levels in force; "
        "few: too few users then to judge; too new: nothing is known of then."
    )
    return states(
        "Users",
        Size(18, 4),
        count("Users", engagement.users(), "Users in all."),
        count("Active, 1 day", engagement.active("1d"), "Users active within a day."),
        count("Active, 7 days", engagement.active("7d"), "Users active within a week."),
        count("Active, 30 days", engagement.active("30d"), "Users active within thirty days."),
        Cell("Share active", engagement.share_active("30d"), share, "percentunit"),
        Cell("Positive", engagement.positive("1d"), good, "percentunit"),
        Cell("Session, mean", engagement.session(), "Mean session of known users.", "s", 0),
        word("Figures from", engagement.source(), source, mappings.words(SOURCE)),
        level(engagement.level(), judged),
    )


def activity() -> Section:
    """What people do."""
    active = "Active users by window. A day's line at 0: nobody came, or interactions are not written."
    kinds = "Interactions of the last day by type; a repetition on the same resource counts once."
    searches = "Requests a second that the search module answered, without health checks."
    day = PanelOptions(kinds, "no interactions")
    return section(
        "Activity",
        graph(
            "Active users", QUARTER, PanelOptions(active, NONE), engagement.active_windows(), names=WINDOWS
        ),
        stacked("Interactions, 1 day", QUARTER, day, engagement.interactions(), names=KINDS),
        interactions(),
        graph("Searches", QUARTER, PanelOptions(searches, "no searches", "reqps"), engagement.searches()),
    )


def interactions() -> Panel:
    """Interactions by type and window."""
    about = "Interactions by type, within a day, a week, thirty days."
    columns = [
        Column("interaction", "Type"),
        Column("A", "1 day", 65, "short", "0"),
        Column("B", "7 days", 65, "short", "0"),
        Column("C", "30 days", 85, "short", "0", sort="greatest first"),
    ]
    asked = list(map(engagement.interaction_rows, WINDOWS))
    return table("Interactions by type", QUARTER, PanelOptions(about, "no interactions"), asked, columns)


def content() -> Section:
    """What people make."""
    cells = (count(it.capitalize(), engagement.objects(it), f"{it.capitalize()} in all.") for it in OBJECTS)
    made = PanelOptions("What was created within the last day.", NONE)
    return section(
        "Content",
        states("Objects", Size(12, 7), *cells),
        graph("Created, 1 day", Size(12, 7), made, engagement.created(), names=OBJECTS),
    )
