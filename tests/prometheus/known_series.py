"""All series that rules may read, with their type and labels."""

from dataclasses import dataclass, field

from alertmanager.inhibitions import IDENTITY
from exporter.inventory import list_metrics
from exporter.metrics import StateGauge
from prometheus.freshness import FAST

# what Prometheus and Alertmanager 2.42 and 0.25 show of themselves, with the labels they give
BUILT_IN = {
    "up": ("gauge", ()),
    "ALERTS": ("gauge", ("alertstate", "severity", "window", *IDENTITY)),
    "scrape_duration_seconds": ("gauge", ()),
    "prometheus_rule_evaluation_failures_total": ("counter", ("rule_group",)),
    "prometheus_rule_group_iterations_total": ("counter", ("rule_group",)),
    "prometheus_rule_group_iterations_missed_total": ("counter", ("rule_group",)),
    "prometheus_config_last_reload_successful": ("gauge", ()),
    "prometheus_notifications_dropped_total": ("counter", ()),
    "prometheus_notifications_errors_total": ("counter", ("alertmanager",)),
    "alertmanager_config_last_reload_successful": ("gauge", ()),
    "alertmanager_notifications_failed_total": ("counter", ("integration",)),
    # the backend's own page
    "http_requests_total": ("counter", ("handler", "method", "status")),
    # shown by the service while somebody has set a level on its preferences page
    "ops_threshold_override": ("gauge", ("signal", "severity")),
    "ops_signal_unwatched": ("gauge", ("signal",)),
    # the service's, too
    "ops_service_clock_difference_seconds": ("gauge", ("server",)),
}
SUFFIXES = {
    "histogram": {"_bucket": ("le",), "_count": (), "_sum": ()},
    "summary": {"": ("quantile",), "_count": (), "_sum": ()},
}
TARGET = ("job", "instance")
# untyped for the sake of established names; the words of their meaning say which are counters
COUNTS = "(counter)"


@dataclass(frozen=True)
class KnownSeries:
    """A series: whether it is a counter, its labels, and the possible values of some labels."""

    counts: bool
    labels: frozenset[str]
    values: dict[str, frozenset[str]] = field(default_factory=dict)


def known_series() -> dict[str, KnownSeries]:
    """All known series by name."""
    found = {
        name: KnownSeries(kind == "counter", frozenset((*labels, *TARGET)))
        for name, (kind, labels) in BUILT_IN.items()
    }
    for it in list_metrics():
        metric = it.metric
        values = {metric.labels[-1]: frozenset(metric.states)} if isinstance(metric, StateGauge) else {}
        for suffix, further in SUFFIXES.get(metric.kind, {"": ()}).items():
            counts = metric.kind == "counter" or COUNTS in metric.about or bool(suffix)
            labels = frozenset((*metric.labels, *further, *TARGET))
            found[metric.name + suffix] = KnownSeries(counts, labels, values)
    return found | {f"{FAST}{name}": it for name, it in found.items() if name not in BUILT_IN}
