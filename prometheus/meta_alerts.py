"""Alerts about Watchroom itself: scrapes, rules and the delivery of alerts."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus.annotations import ALERTS, AlertAnnotations, Page
from prometheus.freshness import FAST, RETURNED, Lane, fresh_samples
from prometheus.panel_rules import PRESENT
from prometheus.peer_jobs import PEERS
from prometheus.rule_file import AlertRule
from prometheus.threshold_rules import OVERRIDES

PARTS = "|".join(PEERS)


@dataclass(frozen=True)
class MetaAlert:
    """One alert about Watchroom itself."""

    alert: str
    expr: str
    severity: str
    hold: str
    summary: str
    description: str
    single_event: str  # which one event can raise it, or none and what it takes
    labels: tuple[str, ...] = ()
    keep: str = "1m"
    action: Page = ALERTS
    lane: Lane = "slow"

    def rule(self) -> AlertRule:
        """The alerting rule."""
        story = AlertAnnotations(
            self.alert, self.summary, self.description, "stack", self.action, self.labels
        )
        expr = fresh_samples(self.expr, "slow")
        return AlertRule(
            self.alert, expr, self.severity, self.lane, story.annotations(), self.hold, self.keep
        )


def missed_share(window: str) -> str:
    """The share of missed evaluations by rule group."""
    missed, every = (
        f"sum by (rule_group) (rate(prometheus_rule_group_iterations_{kind}total[{window}]))"
        for kind in ("missed_", "")
    )
    return f"{missed} / ({every} > 0)"


SCRAPE_ALERTS = (
    MetaAlert(
        "TargetDown",
        # FastLaneBlind covers the job of the fast lane; the levels of the service may fail alone while its
        # database is down; parts of the exporter's page fail with it
        f'up{{job!~"exporter-fast|service-thresholds|{PARTS}"}} == 0 '
        'or up{job="service-thresholds"} == 0 unless on (instance) up{job="service"} == 0 '
        f'or up{{job=~"{PARTS}"}} == 0 unless on (instance) up{{job="exporter"}} == 0',
        "warning",
        "1m",
        "Prometheus cannot scrape {{ $labels.job }} at {{ $labels.instance }}",
        "Scrapes of {{ $labels.job }} at {{ $labels.instance }} fail; its metrics are missing.",
        "a target that is away for a minute",
        ("job", "instance"),
    ),
    MetaAlert(
        "ExporterAbsent",
        'absent(up{job="exporter"} == 1)',
        "critical",
        "30s",
        "The exporter is down",
        "Prometheus cannot scrape the exporter; all of its metrics are missing.",
        "an exporter that is away for half a minute",
    ),
    MetaAlert(
        "FastLaneBlind",
        # both the last minute and the last seconds: the alert must not begin after the exporter has returned
        'avg_over_time(up{job="exporter-fast"}[1m]) < 0.5 '
        'and avg_over_time(up{job="exporter-fast"}[5s]) < 0.5',
        "critical",
        "15s",
        "The fast scrape of {{ $labels.instance }} fails",
        "Only {{ $value | humanizePercentage }} of the fast scrapes of the last minute succeeded; "
        "pages may come late or not at all.",
        "none; more than half of the scrapes of a minute must fail",
        ("instance",),
    ),
    MetaAlert(
        "FastLaneIncomplete",
        # the exporter knows both or neither: they are of one reading
        f'up{{job="exporter-fast"}} == 1 and on (instance) {PRESENT % "ops_http_requests_total"} '
        f"unless on (instance) {RETURNED}",
        "warning",
        "1m",
        "The fast scrape of {{ $labels.instance }} lacks a metric that the rules need",
        f"{RETURNED.removeprefix(FAST)} is missing: alerts on requests may begin right after the return "
        "of a server. The exporter is older than the rules, or the scrape does not select it.",
        "an exporter, or a prometheus.yml, that is older than the rules",
        ("instance",),
    ),
    MetaAlert(
        "ScrapeTooSlow",
        'scrape_duration_seconds{job="exporter"} > 1.8',
        "warning",
        "5m",
        "Scrapes of the exporter take {{ $value | humanizeDuration }}",
        "A source responds slowly; the exporter still responds, but without that source's metrics.",
        "none; it must last for five minutes",
        ("instance",),
    ),
    MetaAlert(
        "CollectorFailing",
        'ops_collector_success{job="exporter"} == 0',
        "warning",
        "2m",
        "Collector {{ $labels.collector }} fails",
        "At least one source of {{ $labels.collector }} gives no valid response; "
        "the exporter's log has the reason.",
        "none; it must fail for two minutes",
        ("collector",),
    ),
)
RULE_ALERTS = (
    MetaAlert(
        "RuleFailures",
        "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[5m])) > 0",
        "warning",
        "0s",
        "Rules of {{ $labels.rule_group }} fail",
        "Prometheus could not evaluate {{ $value | humanize }} rules in five minutes; alerts may be missing.",
        "a rule that fails once",
        ("rule_group",),
    ),
    MetaAlert(
        "RulesLate",
        f"{missed_share('5m')} > 0.5 and on (rule_group) {missed_share('1m')} > 0.5",
        "warning",
        "5m",
        "Prometheus misses evaluations of {{ $labels.rule_group }}",
        "Prometheus misses {{ $value | humanizePercentage }} of the evaluations; pages come late.",
        "none; it must last for five minutes",
        ("rule_group",),
    ),
    MetaAlert(
        "ConfigurationRefused",
        "prometheus_config_last_reload_successful == 0 or alertmanager_config_last_reload_successful == 0",
        "warning",
        "1m",
        "{{ $labels.job }} rejects its configuration",
        "The last reload of {{ $labels.job }} failed; the previous configuration is still in force.",
        "a configuration with an error",
        ("job",),
    ),
    MetaAlert(
        "OverrideIgnored",
        f"{OVERRIDES} != on (signal, severity) ops:threshold",
        "warning",
        "10s",
        "The level set for {{ $labels.signal }} is not in force",
        "Someone set {{ $labels.severity }} of {{ $labels.signal }} to {{ $value | printf `%.4g` }}, "
        "which is out of its range; the level of the file stays in force.",
        "a level out of its range",
        ("signal",),
        action="/preferences",
    ),
)
DELIVERY_ALERTS = (
    MetaAlert(
        "AlertsNotDelivered",
        # still in the last minute, for two: while the stack starts, the first attempts fail
        "rate(prometheus_notifications_dropped_total[1m]) > 0 "
        "or rate(prometheus_notifications_errors_total[1m]) > 0",
        "critical",
        "2m",
        "Prometheus cannot reach Alertmanager",
        "Alerts are lost before they reach Alertmanager; nobody will be paged.",
        "an Alertmanager that is away for two minutes",
    ),
    MetaAlert(
        "ClocksDiffer",
        # in the fast lane an alert is valid for 20 s, four times the resend delay; this one is for a minute
        'max by (instance) (ops_service_clock_difference_seconds{job="service",server="alertmanager"}) - '
        'max by (instance) (ops_service_clock_difference_seconds{job="service",server="prometheus"}) > 10',
        "critical",
        "2m",
        "Prometheus' clock is {{ $value | humanizeDuration }} behind Alertmanager's",
        "An alert of the fast lane is valid for 20 s by Prometheus' clock; beyond that nobody is paged.",
        "none; the clocks must differ for two minutes",
    ),
    MetaAlert(
        "PagesNotDelivered",
        # Alertmanager tries again and again: what failed while the receiver restarted is no page
        "sum by (integration) (rate(alertmanager_notifications_failed_total[1m])) > 0",
        "critical",
        "2m",
        "Alertmanager cannot deliver by {{ $labels.integration }}",
        "Notifications by {{ $labels.integration }} fail; check the receiver and its credentials.",
        "none; notifications must fail for two minutes",
        ("integration",),
    ),
    MetaAlert(
        "Watchdog",
        "vector(1) > 0",
        "info",
        "0s",
        "Alerting works",
        "This alert always fires; when it stops arriving, alerting is broken.",
        "it always fires",
        keep="0s",
    ),
)
META_ALERTS = (*SCRAPE_ALERTS, *RULE_ALERTS, *DELIVERY_ALERTS)


def meta_alerts() -> Iterator[AlertRule]:
    """The alerting rules about Watchroom itself."""
    return (watch.rule() for watch in META_ALERTS)
