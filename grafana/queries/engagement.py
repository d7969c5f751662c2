"""Users and what they do."""

from grafana.grafana_json import Query, query
from grafana.mappings import TOO_NEW
from grafana.queries.series import most, own, rate, severity, total
from prometheus.threshold_rules import TOO_FEW


def users() -> Query:
    """Users in all."""
    return query(most(own("ops_engagement_users")), "users")


def active(window: str) -> Query:
    """Users with an interaction in the window."""
    return query(most(own("ops_engagement_active_users", window=window)), window)


def active_windows() -> Query:
    """Active users by window."""
    return query(most(own("ops_engagement_active_users"), "window"), "{{window}}")


def share_active(window: str) -> Query:
    """Share of the users that were active in the window."""
    some = most(own("ops_engagement_active_users", window=window))
    return query(f"{some} / ({most(own('ops_engagement_users'))} > 0)", f"active in {window}")


def interactions() -> Query:
    """Interactions of a day by type."""
    return query(most(own("ops_engagement_interactions", 'window="1d"'), "interaction"), "{{interaction}}")


def interaction_rows(window: str) -> Query:
    """Interactions of a window by type, in rows."""
    return query(most(own("ops_engagement_interactions", window=window), "interaction"), rows=True)


def positive(window: str) -> Query:
    """Share of the interactions that were positive."""
    good = most(own("ops_engagement_positive_interactions", window=window))
    every = total(most(own("ops_engagement_interactions", window=window), "interaction"))
    return query(f"{good} / ({every} > 0)", f"positive in {window}")


def session() -> Query:
    """Mean session."""
    return query(most(own("ops_engagement_session_seconds")), "mean session")


def objects(kind: str) -> Query:
    """Resources, annotations or collections that there are."""
    return query(most(own("ops_engagement_objects", object=kind)))


def level() -> Query:
    """How grave the fall of active users within a week is by the levels in force, or why nobody can tell."""
    now = most(own("ops_engagement_active_users", window="1d"))
    week_ago = most(f"{own('ops_engagement_active_users', window='1d')} offset 7d")
    few, new = f"{TOO_FEW} * ({week_ago}) ^ 0 and {now}", f"{TOO_NEW} * ({now}) ^ 0"
    return query(f"{severity('active_users')} or ({few}) or {new}")


def created() -> Query:
    """What was created in a day."""
    return query(most(own("ops_engagement_created", 'window="1d"'), "object"), "{{object}}")


def searches() -> Query:
    """Searches a second."""
    return query(total(rate("ops_engagement_searches_total")), "searches")


def source() -> Query:
    """Where the figures come from: 1 the backend's report, 0 its tables."""
    return query(most(own("ops_engagement_source", 'source="api"')), "source")
