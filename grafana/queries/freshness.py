"""Whether what a dashboard shows is fresh: its scrape, its collectors, its alerts."""

from collections.abc import Sequence

from grafana.grafana_json import Query, query
from grafana.queries.alerts import FIRES, REAL, each_alert, weighed
from grafana.queries.live import SCRAPED
from grafana.queries.series import age, least, own

# alerts that a cell counts; more are told as as many and a plus
MOST = 20


def scraped() -> Query:
    """Whether the exporter is scraped."""
    return query(least(own("up")), "exporter")


def collectors(names: Sequence[str]) -> Query:
    """Whether each collector behind the dashboard can be read."""
    return query(least(own("ops_collector_success", among("collector", names)), "collector"), "{{collector}}")


def oldest(names: Sequence[str]) -> Query:
    """Age of the oldest answer behind the dashboard."""
    seen = own("ops_collector_last_success_timestamp_seconds", among("collector", names))
    return query(age(least(seen)), "oldest answer")


def data(names: Sequence[str]) -> Query:
    """Whether the numbers are live (0), some are missing (1), or nobody knows (2)."""
    success = least(own("ops_collector_success", among("collector", names)))
    return query(f"(1 - {success} and on () ({SCRAPED})) or vector(2)", "data")


def alerts(about: str) -> Query:
    """How many alerts of this matcher fire, each once, and hundreds by the weight of the gravest."""
    which = (FIRES, about) if about == REAL else (REAL, FIRES, about)
    each = each_alert(*which)
    gravest = f"max({weighed(*which)})"
    return query(f"100 * {gravest} + clamp_max(count({each}), {MOST}) or vector(0)", "alerts")


def among(label: str, values: Sequence[str]) -> str:
    """A matcher for any of these values; for every value where none is named."""
    return f'{label}=~"{"|".join(values) or ".+"}"'
