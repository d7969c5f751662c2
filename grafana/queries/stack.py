"""Watchroom itself: scrapes, collectors, rules, deliveries, resources."""

from grafana.grafana_json import Query, query
from grafana.queries.series import (
    age,
    increase_to_end,
    leading,
    most,
    own,
    per,
    rate,
    recorded,
    total,
)
from prometheus.panel_rules import COLLECTOR_TIME


def targets() -> Query:
    """Whether each job is scraped, in rows."""
    return query("min by (job, instance) (up)", rows=True)


def scrape_rows(metric: str) -> Query:
    """A fact of each scrape, in rows."""
    return query(f"max by (job, instance) ({metric})", rows=True)


def scrape_course() -> Query:
    """Time that scrapes take, by job."""
    return query("max by (job) (scrape_duration_seconds)", "{{job}}")


def collectors() -> Query:
    """Whether each collector could be read, in rows."""
    return query(most(own("ops_collector_success"), "collector"), rows=True)


def collector_durations() -> Query:
    """Time that each collector took, in rows."""
    return query(most(own("ops_collector_duration_seconds"), "collector"), rows=True)


def collector_ages() -> Query:
    """How old each collector's oldest answer is, in rows."""
    return query(age(most(own("ops_collector_last_success_timestamp_seconds"), "collector")), rows=True)


def own_requests() -> Query:
    """Our own requests a minute, by source."""
    return query(f"60 * {total(rate('ops_own_requests_total'), 'source')}", "{{source}}")


def own_busiest() -> Query:
    """Seconds a second of the five queries that took most of the range."""
    each = ("source", "query")
    ranked = total(increase_to_end("ops_own_seconds_total"), *each)
    shown = total(rate("ops_own_seconds_total"), *each)
    return query(leading(5, ", ".join(each), shown, ranked), "{{source}}: {{query}}")


def own_rows(fact: str) -> Query:
    """Our share, our budget or our stretch, by source, in rows."""
    return query(most(own(f"ops_own_{fact}_ratio"), "source"), rows=True)


def own_used() -> Query:
    """How much of its budget each source uses; one without a budget is not there."""
    share, budget = (most(own(f"ops_own_{fact}_ratio"), "source") for fact in ("share", "budget"))
    return query(per(share, budget), "{{source}}")


def own_stretch() -> Query:
    """How many times slower than set each source is polled."""
    return query(most(own("ops_own_stretch_ratio"), "source"), "{{source}}")


def collector_course() -> Query:
    """Whether each collector could be read over time."""
    return query(most(own("ops_collector_success"), "collector"), "{{collector}}")


def memory() -> Query:
    """Resident memory of each process of the stack."""
    return query('max by (job) (process_resident_memory_bytes{job!~".+-fast|backend"})', "{{job}}")


def processor() -> Query:
    """Processor time a second of each process of the stack."""
    busy = 'rate(process_cpu_seconds_total{job!~".+-fast|backend"}[$__rate_interval])'
    return query(f"max by (job) ({busy})", "{{job}}")


def events(kind: str) -> Query:
    """Worker events a second that were seen, missed or not understood."""
    return query(total(rate(f"ops_events_{kind}_total")), kind)


def backlog() -> Query:
    """Bytes of worker events that wait to be read."""
    return query(most(own("ops_event_stream_backlog_bytes")), "backlog")


def samples() -> Query:
    """Samples a second that Prometheus keeps."""
    return query("sum(rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval]))", "samples")


def series() -> Query:
    """Series that Prometheus holds."""
    return query("max(prometheus_tsdb_head_series)", "series")


def rule_failures() -> Query:
    """Evaluations of rules a minute that failed."""
    return query("60 * sum(rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))", "failed")


def rule_durations() -> Query:
    """Time that each group of rules takes."""
    seconds = "max by (rule_group) (prometheus_rule_group_last_duration_seconds)"
    # Prometheus puts the path of the file before the name of the group
    return query(f'label_replace({seconds}, "rule_group", "$1", "rule_group", ".*;(.*)")', "{{rule_group}}")


def rule_lateness() -> Query:
    """Rule evaluations a minute that were left out for want of time."""
    return query("60 * sum(rate(prometheus_rule_group_iterations_missed_total[$__rate_interval]))", "missed")


def dropped() -> Query:
    """Alerts a minute that never reached Alertmanager."""
    return query("60 * sum(rate(prometheus_notifications_dropped_total[$__rate_interval]))", "dropped")


def watchdog() -> Query:
    """Whether the alert that always fires does."""
    return query('count(ALERTS{alertname="Watchdog",alertstate="firing"})', "watchdog")


def reloaded() -> Query:
    """Whether Prometheus and Alertmanager run with the configuration that they were last given."""
    return query(
        "min(prometheus_config_last_reload_successful) * min(alertmanager_config_last_reload_successful)",
        "configuration",
    )


def service_requests() -> Query:
    """Requests a second to the service by status."""
    return query(
        'sum by (status) (rate(ops_service_http_requests_total{job="service"}[$__rate_interval]))',
        "{{status}}",
    )


def stream() -> Query:
    """Whether the workers' events reach the exporter."""
    return query(most(own("ops_event_stream_connected")), "events")


def targets_down() -> Query:
    """Targets that are not scraped."""
    return query("count(up == 0) or 0 * count(up)")


def slowest_collectors() -> Query:
    """Time of the five collectors that were slowest in the range."""
    took = recorded(COLLECTOR_TIME)
    ranked = most(f"max_over_time({took}[$__range] @ end())", "collector")
    return query(leading(5, "collector", most(took, "collector"), ranked), "{{collector}}")
