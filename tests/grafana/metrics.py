"""Every metric that there is: the exporter's, the service's, recorded ones, those of the servers."""

import re
from functools import cache
from pathlib import Path

import yaml

from exporter.inventory import list_metrics
from grafana.levels import thresholds
from prometheus.recording import MODULE_SERIES

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "ingestion_api" / "metrics"
HISTOGRAM = ("_bucket", "_sum", "_count")
ADDED = frozenset({"job", "instance"})
# what others show of themselves; that each is really there is tried by the test of the running system
AROUND = {
    "up": {"job"},
    "scrape_duration_seconds": {"job"},
    "scrape_samples_scraped": {"job"},
    "ALERTS": {"alertname", "alertstate", "severity", "signal", "module", "slo"},
    "ALERTS_FOR_STATE": {"alertname", "severity", "signal", "module"},
    "http_requests_total": {"handler", "method", "status"},
    "http_request_duration_seconds_bucket": {"handler", "method", "le"},
    "http_request_duration_seconds_count": {"handler", "method"},
    "process_resident_memory_bytes": set(),
    "process_cpu_seconds_total": set(),
    "prometheus_tsdb_head_samples_appended_total": set(),
    "prometheus_tsdb_head_series": set(),
    "prometheus_rule_evaluation_failures_total": {"rule_group"},
    "prometheus_rule_group_last_duration_seconds": {"rule_group"},
    "prometheus_rule_group_iterations_missed_total": {"rule_group"},
    "prometheus_notifications_dropped_total": set(),
    "prometheus_config_last_reload_successful": set(),
    "alertmanager_config_last_reload_successful": set(),
    "alertmanager_notifications_total": {"integration"},
    "alertmanager_notifications_failed_total": {"integration"},
}


@cache
def labels() -> dict[str, set[str] | None]:
    """The labels of every metric; None where they are not known beforehand."""
    around: dict[str, set[str] | None] = {name: set(found) for name, found in AROUND.items()}
    return {**exported(), **dict.fromkeys([*recorded(), *served()]), **around}


def exported() -> dict[str, set[str] | None]:
    """The exporter's own."""
    found: dict[str, set[str] | None] = {}
    for it in list_metrics():
        own = set(it.metric.labels)
        if it.metric.kind in ("histogram", "summary"):
            found |= {it.metric.name + part: own | {"le"} for part in HISTOGRAM}
        if it.metric.kind != "histogram":
            found[it.metric.name] = own | ({"quantile"} if it.metric.kind == "summary" else set())
    return found


def recorded() -> set[str]:
    """What the rules record."""
    files = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def served() -> set[str]:
    """What the service shows, with what the library appends to the names of counters and histograms."""
    source = "".join(path.read_text() for path in SERVICE.glob("*.py"))
    names = set(re.findall(r'"(ops_service_\w+)"', source))
    ends = ("", "_total", *HISTOGRAM)
    return {name + end for name in names for end in ends}


def signals() -> set[str]:
    """The signals of thresholds.yml, and what is watched of modules."""
    return {*thresholds().signals, *MODULE_SERIES}
