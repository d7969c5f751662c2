"""Engagement: how many people use it, what they do, what they make."""

from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.grafana_json import Panel
from grafana.old_grid import Band, row
from grafana.old_panels import Says, bars, stacked, stat, timeseries, words
from grafana.old_tables import Column, table
from grafana.palette import BLUE, PURPLE
from grafana.palette import words as words_of
from grafana.queries import engagement

NONE = "neither the backend's report nor its tables tell"
WINDOWS = ("1d", "7d", "30d")
SOURCE = {"mappings": words_of({"1": ("backend's report", BLUE), "0": ("backend's tables", PURPLE)})}


def board() -> Dashboard:
    """From people to what they make."""
    return Dashboard(
        "engagement",
        "Engagement",
        "How many people use it, what do they do, and what do they make?",
        (freshness.fresh("engagement", "engagement"), now(), doing(), making()),
        since="now-24h",
    )


def now() -> Band:
    """People in numbers."""
    share = "Share of all users that were active within thirty days."
    good = "Share of a day's interactions that were positive."
    source = Says("Where the figures come from.", NONE, "none", more=SOURCE)
    return row(
        "Who uses it?",
        stat("Users", engagement.users(), says=Says("Users in all.", NONE)),
        stat("Active, 1 day", engagement.active("1d"), says=Says("Users active within a day.", NONE)),
        stat("Active, 7 days", engagement.active("7d"), says=Says("Users active within a week.", NONE)),
        stat("Active, 30 days", engagement.active("30d"), says=Says("Users active within 30 days.", NONE)),
        stat("Share active", engagement.share_active("30d"), says=Says(share, NONE, "percentunit")),
        stat("Positive", engagement.positive("1d"), says=Says(good, "no interactions", "percentunit")),
        stat(
            "Mean session", engagement.session(), says=Says("Mean session of known users.", "not told", "s")
        ),
        words("Figures from", engagement.source(), says=source),
        height=4,
    )


def doing() -> Band:
    """What people do."""
    active = "Active users by window. A day's line at 0: nobody came, or interactions are not written."
    kinds = "Interactions of the last day by type; a repetition on the same resource counts once."
    searches = "Requests a second that the search module answered, without health checks."
    return row(
        "What do they do?",
        timeseries("Active users", engagement.active_windows(), says=Says(active, NONE), names=WINDOWS),
        stacked("Interactions of a day", engagement.interactions(), says=Says(kinds, "no interactions")),
        interactions(),
        timeseries("Searches", engagement.searches(), says=Says(searches, "no searches", "reqps")),
    )


def interactions() -> Panel:
    """Interactions by type and window."""
    about = "Interactions by type, within a day, a week, thirty days."
    columns = [
        Column("interaction", "Interaction"),
        Column("A", "1 day", "short", "none"),
        Column("B", "7 days", "short", "none"),
        Column("C", "30 days", "short", "none"),
    ]
    asked = map(engagement.interaction_rows, WINDOWS)
    says = Says(about, "no interactions", "none")
    return table("Interactions", *asked, says=says, columns=columns, sort="30 days")


def making() -> Band:
    """What people make."""
    there = "Resources, annotations and collections that there are."
    made = "What was created within the last day."
    return row(
        "What do they make?",
        bars("There are", engagement.objects(), says=Says(there, NONE)),
        timeseries("Created within a day", engagement.created(), says=Says(made, NONE)),
        height=7,
    )
