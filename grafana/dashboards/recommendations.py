"""Recommendations: are they followed, are people content, how good is each model."""

from grafana import annotations, levels
from grafana.dashboard import Dashboard
from grafana.dashboards.freshness import data_and_alerts
from grafana.grafana_json import Panel, Variable, variable
from grafana.graphs import graph
from grafana.grid import Section, section, top
from grafana.panels import PanelOptions
from grafana.queries import recommendations
from grafana.sizes import Size
from grafana.strips import Cell, count, level, states
from grafana.tables import AGE, Column, table
from grafana.texts import bars

NONE = "nothing was recommended in this window"
NOT_EVALUATED = "no model was ever evaluated"
THIRD = Size(8, 8)
WAS = {
    "Recommendations, last $window": "Shown",
    "Feedback by kind": "Feedback",
    "Data and alerts": "Alerts on this",
    "Useful ratio": "Found useful",
}


def board() -> Dashboard:
    """From clicks to precision."""
    return Dashboard(
        "recommendations",
        "Recommendation quality",
        "Are recommendations followed, are people content, and how good is each model?",
        (
            top(now(), feedback(), data_and_alerts("recommendations", "recommendations")),
            strategies(),
            models(),
        ),
        (window(),),
        since="now-24h",
        marks=annotations.of_signals(levels.signals_of("recommendations")),
        was=WAS,
    )


def window() -> Variable:
    """The window over which feedback is counted."""
    options = [{"selected": word == "7d", "text": word, "value": word} for word in ("1d", "7d", "30d")]
    return variable("window", "1d,7d,30d", dict(options[1]), type="custom", label="Window", options=options)


def now() -> Panel:
    """How often they are shown and followed."""
    ratio = "Clicks for each impression of the window, all strategies together."
    judged = (
        "How grave click-through, usefulness and the age of evaluations are by the levels in force; "
        "few: too little happens to judge what passes a level."
    )
    return states(
        "Recommendations, last $window",
        Size(9, 4),
        count("Impressions", recommendations.shown(), "Recommendations shown in the window."),
        count("Clicks", recommendations.followed(), "Recommendations followed in the window."),
        Cell("Click-through", recommendations.click_through(), ratio, "percentunit"),
        level(recommendations.level(), judged),
    )


def feedback() -> Panel:
    """What people say of them."""
    options = PanelOptions("Rows of feedback of the window by kind.", "no feedback in this window", "short")
    return bars("Feedback by kind", Size(9, 4), options, recommendations.feedback())


def strategies() -> Section:
    """Strategy by strategy."""
    ratio = "Clicks for each impression by strategy. One that falls alone: its model, not the page."
    useful = "Of the recommendations that were followed and judged, the share found useful."
    clicks = PanelOptions(ratio, NONE, signal="click_through")
    judged = PanelOptions(useful, "nothing was judged", signal="satisfaction")
    return section(
        "By strategy",
        by_strategy(),
        graph("Click-through by strategy", THIRD, clicks, recommendations.click_through_course()),
        graph("Useful ratio", THIRD, judged, recommendations.satisfaction()),
    )


def by_strategy() -> Panel:
    """Each strategy with its figures."""
    columns = [
        Column("strategy", "Strategy"),
        Column("A", "Impressions", 110, "short", sort="greatest first"),
        Column("B", "Clicks", 60, "short"),
        Column("C", "Ratio", 70, "percentunit"),
        Column("D", "Useful", 70, "percentunit"),
    ]
    names = ("impressions", "clicks", "click_through_ratio", "satisfaction_ratio")
    asked = [recommendations.strategy(f"ops_recommendations_{name}") for name in names]
    return table("Strategies", THIRD, PanelOptions("Each strategy in the window.", NONE), asked, columns)


def models() -> Section:
    """How good each model was found."""
    precision = "Share of what a model recommends that is liked, at each evaluation."
    recall = "Share of what is liked that a model recommends, at each evaluation."
    return section(
        "By model",
        evaluations(),
        graph(
            "Precision", THIRD, PanelOptions(precision, NOT_EVALUATED, "percentunit"),
            recommendations.course("precision"),
        ),
        graph(
            "Recall", THIRD, PanelOptions(recall, NOT_EVALUATED, "percentunit"),
            recommendations.course("recall"),
        ),
    )  # fmt: skip


def evaluations() -> Panel:
    """Each model's newest evaluation."""
    about = "The newest evaluation of each model; reported is the backend's own report. Old: evaluate again."
    columns = [
        Column("model", "Model"),
        Column("A", "Precision", 80, "percentunit"),
        Column("B", "Recall", 65, "percentunit"),
        Column("C", "Evaluated", 135, AGE),
    ]
    asked = (
        recommendations.model("ops_recommendations_precision_ratio"),
        recommendations.model("ops_recommendations_recall_ratio"),
        recommendations.evaluated(),
    )
    return table("Evaluations", THIRD, PanelOptions(about, NOT_EVALUATED), asked, columns)
