"""Recommendations: shown, followed, judged; how good each model was when it was evaluated."""

from grafana.grafana_json import Query, query
from grafana.queries.series import moment, most, own, severity, total
from prometheus.threshold_rules import TOO_FEW

WINDOW = 'window="$window"'


def shown() -> Query:
    """Recommendations shown in the window."""
    return query(total(most(own("ops_recommendations_impressions", WINDOW), "strategy")), "shown")


def followed() -> Query:
    """Recommendations followed in the window."""
    return query(total(most(own("ops_recommendations_clicks", WINDOW), "strategy")), "followed")


def click_through() -> Query:
    """Clicks for each impression, all strategies together."""
    clicks = total(most(own("ops_recommendations_clicks", WINDOW), "strategy"))
    impressions = total(most(own("ops_recommendations_impressions", WINDOW), "strategy"))
    return query(f"{clicks} / ({impressions} > 0)", "click-through")


def click_through_course() -> Query:
    """Clicks for each impression by strategy."""
    return query(most(own("ops_recommendations_click_through_ratio", WINDOW), "strategy"), "{{strategy}}")


def satisfaction() -> Query:
    """Share of the judged recommendations that were useful, by strategy."""
    return query(most(own("ops_recommendations_satisfaction_ratio", WINDOW), "strategy"), "{{strategy}}")


def strategy(metric: str) -> Query:
    """A fact of each strategy, in rows."""
    return query(most(own(metric, WINDOW), "strategy"), rows=True)


def feedback() -> Query:
    """Feedback of the window by kind."""
    return query(most(own("ops_recommendations_feedback", WINDOW), "feedback"), "{{feedback}}")


def model(metric: str) -> Query:
    """A fact of each evaluated model, in rows."""
    return query(most(own(metric), "model"), rows=True)


def evaluated() -> Query:
    """When each model was evaluated, in rows."""
    return query(moment(most(own("ops_recommendations_evaluated_timestamp_seconds"), "model")), rows=True)


def course(kind: str) -> Query:
    """Precision or recall by model over time."""
    return query(most(own(f"ops_recommendations_{kind}_ratio"), "model"), "{{model}}")


def level() -> Query:
    """How grave click-through, feedback and the age of evaluations are by the levels in force, or few."""
    few = f"{TOO_FEW} * ({most(own('ops_recommendations_impressions', window='7d'))}) ^ 0"
    judged, wholes = ("click_through", "satisfaction", "evaluation_age"), {"click_through": click_through()}
    return query(f"{severity(*judged, wholes=wholes)} or {few}")
