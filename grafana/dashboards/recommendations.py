"""Recommendations: are they followed, are people content, how good is each model."""

from grafana.dashboard import Dashboard
from grafana.dashboards import old_freshness as freshness
from grafana.grafana_json import Panel, Variable, variable
from grafana.old_grid import Band, row, wide
from grafana.old_panels import Says, bars, stat, timeseries
from grafana.old_tables import Column, table
from grafana.queries import recommendations as asked

NONE = "nothing was recommended in this window"
NOT_EVALUATED = "no model was ever evaluated"


def board() -> Dashboard:
    """From clicks to precision."""
    return Dashboard(
        "recommendations",
        "Recommendation quality",
        "Are recommendations followed, are people content, and how good is each model?",
        (freshness.fresh("recommendations", "recommendations"), now(), strategies(), models()),
        (window(),),
        since="now-24h",
    )


def window() -> Variable:
    """The window over which feedback is counted."""
    options = [{"selected": word == "7d", "text": word, "value": word} for word in ("1d", "7d", "30d")]
    return variable("window", "1d,7d,30d", dict(options[1]), type="custom", label="Window", options=options)


def now() -> Band:
    """The present state in numbers."""
    ratio = "Clicks for each impression of the window, all strategies together."
    kinds = "Rows of feedback of the window by kind."
    return row(
        "Are they followed?",
        wide(stat("Shown", asked.shown(), says=Says("Recommendations shown in the window.", NONE)), 5),
        wide(
            stat("Followed", asked.followed(), says=Says("Recommendations followed in the window.", NONE)), 5
        ),
        wide(stat("Click-through", asked.click_through(), says=Says(ratio, NONE, "percentunit")), 5),
        bars("Feedback", asked.feedback(), says=Says(kinds, "no feedback in this window")),
        height=5,
    )


def strategies() -> Band:
    """Strategy by strategy."""
    ratio = "Clicks for each impression by strategy. One that falls alone: its model, not the page."
    content = "Of the recommendations that were followed and judged, the share found useful."
    return row(
        "Which strategy?",
        listed(),
        timeseries(
            "Click-through by strategy", asked.click_through_course(), says=Says(ratio, NONE, "percentunit")
        ),
        timeseries(
            "Found useful", asked.satisfaction(), says=Says(content, "nothing was judged", "percentunit")
        ),
    )


def listed() -> Panel:
    """Each strategy with its figures."""
    about = "Each strategy in the window."
    columns = [
        Column("strategy", "Strategy"),
        Column("A", "Shown", "short"),
        Column("B", "Followed", "short"),
        Column("C", "Click-through", "percentunit"),
        Column("D", "Useful", "percentunit", "not judged"),
    ]
    names = ("impressions", "clicks", "click_through_ratio", "satisfaction_ratio")
    queries = (asked.strategy(f"ops_recommendations_{name}") for name in names)
    return table("Strategies", *queries, says=Says(about, NONE, "none"), columns=columns, sort="Shown")


def models() -> Band:
    """How good each model was found."""
    precision = "Share of what a model recommends that is liked, at each evaluation."
    recall = "Share of what is liked that a model recommends, at each evaluation."
    return row(
        "Which model?",
        evaluations(),
        timeseries(
            "Precision", asked.course("precision"), says=Says(precision, NOT_EVALUATED, "percentunit")
        ),
        timeseries("Recall", asked.course("recall"), says=Says(recall, NOT_EVALUATED, "percentunit")),
    )


def evaluations() -> Panel:
    """Each model's newest evaluation."""
    about = "The newest evaluation of each model; reported is the backend's own report. Old: evaluate again."
    columns = [
        Column("model", "Model"),
        Column("A", "Precision", "percentunit"),
        Column("B", "Recall", "percentunit"),
        Column("C", "Evaluated", "dateTimeFromNow", "not told"),
    ]
    queries = (
        asked.model("ops_recommendations_precision_ratio"),
        asked.model("ops_recommendations_recall_ratio"),
        asked.evaluated(),
    )
    return table("Evaluations", *queries, says=Says(about, NOT_EVALUATED, "none"), columns=columns)
