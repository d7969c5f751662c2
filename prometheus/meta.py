"""Alerts about the watching itself: who watches the watchman."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus.links import Story
from prometheus.rule import Alert


@dataclass(frozen=True)
class Watch:
    """One way in which the watching can fail."""

    alert: str
    expr: str
    severity: str
    hold: str
    summary: str
    description: str
    labels: tuple[str, ...] = field(default=())

    def rule(self) -> Alert:
        """The alert that says so."""
        story = Story(self.alert, self.summary, self.description, "stack", "/alerts", self.labels)
        return Alert(self.alert, self.expr, self.severity, "slow", story.annotations(), self.hold)


WATCHES = (
    Watch(
        "Watchdog",
        "vector(1)",
        "info",
        "0s",
        "Alerting works",
        "This alert always fires; when it stops arriving, nothing else can be relied on.",
    ),
    Watch(
        "TargetDown",
        'up{job!="exporter-fast"} == 0',
        "warning",
        "1m",
        "Prometheus cannot scrape {{ $labels.job }}",
        "Scrapes of {{ $labels.job }} at {{ $labels.instance }} fail; what it measures is not known.",
        ("job",),
    ),
    Watch(
        "ExporterAbsent",
        'absent(up{job="exporter"} == 1)',
        "critical",
        "30s",
        "The exporter is gone",
        "No exporter can be scraped; nothing that it measures is known, whatever the panels still show.",
    ),
    Watch(
        "CollectorFailing",
        'ops_collector_success{job="exporter"} == 0',
        "warning",
        "2m",
        "Collector {{ $labels.collector }} fails",
        "At least one source of {{ $labels.collector }} gives no usable answer; the exporter's log says why.",
        ("collector",),
    ),
    Watch(
        "RuleFailures",
        "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[5m])) > 0",
        "warning",
        "0s",
        "Rules of {{ $labels.rule_group }} fail",
        "Prometheus could not evaluate {{ $value | humanize }} rules in five minutes; alerts may be missing.",
    ),
    Watch(
        "AlertsNotDelivered",
        "rate(prometheus_notifications_dropped_total[5m]) > 0 "
        "or rate(prometheus_notifications_errors_total[5m]) > 0",
        "critical",
        "1m",
        "Prometheus cannot reach Alertmanager",
        "Alerts are dropped before they reach Alertmanager; nobody will be paged.",
    ),
    Watch(
        "PagesNotDelivered",
        "sum by (integration) (rate(alertmanager_notifications_failed_total[5m])) > 0",
        "critical",
        "1m",
        "Alertmanager cannot deliver by {{ $labels.integration }}",
        "Notifications by {{ $labels.integration }} fail; the receiver or its credentials need a look.",
        ("integration",),
    ),
    Watch(
        "ScrapeTooSlow",
        'scrape_duration_seconds{job="exporter"} > 1',
        "warning",
        "5m",
        "Scrapes of the exporter take {{ $value | humanizeDuration }}",
        "A source answers slowly; the exporter still answers in time, but with less.",
    ),
)


def alerts() -> Iterator[Alert]:
    """All of them."""
    return (watch.rule() for watch in WATCHES)
