"""Series that panels, rules and anomaly detection share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from alertmanager.inhibitions import inhibit_rules as inhibitions
from prometheus.freshness import fresh_samples, is_scraped, newest_sample
from prometheus.module_status import MODULE_SIGNALS
from prometheus.request_rules import MODULE_RATE, QUANTILES, SLOW_JOB
from prometheus.rule_file import RecordingRule
from prometheus.thresholds import Thresholds


def recording_rules() -> Iterator[RecordingRule]:
    """What is recorded every 15 s from the slow scrape, while it succeeds."""
    return fresh_rules(shared_series())


def fresh_rules(rules: Iterable[RecordingRule]) -> Iterator[RecordingRule]:
    """These series from fresh samples, while the exporter is scraped."""
    for it in rules:
        yield RecordingRule(
            it.record, f"({fresh_samples(it.expr, 'slow')}) and on () ({is_scraped('slow')})", it.labels
        )


def shared_series() -> Iterator[RecordingRule]:
    """Subject by subject."""
    yield from task_series()
    yield from ratio_series()


def task_series() -> Iterator[RecordingRule]:
    """How long tasks run, by name: over days too many buckets to read each time; silent where none ran."""
    buckets = f"sum by (name, le) (rate(celery_task_runtime_bucket{SLOW_JOB}[5m]))"
    yield RecordingRule(
        "task:celery_task_runtime_seconds:p95_5m",
        f"histogram_quantile({QUANTILES['p95']}, {buckets}) >= 0",
    )


def ratio_series() -> Iterator[RecordingRule]:
    """How full pools and queues are, and how often a cache helps."""
    yield RecordingRule(
        "ops:database_pool_checked_out_per_capacity:ratio",
        ratio_of(
            "max(ops_database_pool_checked_out_connections%s)",
            "max(ops_database_pool_capacity_connections%s)",
        ),
    )
    yield RecordingRule(
        "queue:ops_ingestion_items_per_capacity:ratio",
        ratio_of(
            "max by (queue) (ops_ingestion_queue_length%s)",
            "max by (queue) (ops_ingestion_queue_capacity%s)",
        ),
    )
    yield RecordingRule(
        "ops:celery_tasks_active_per_process:ratio",
        ratio_of("sum(celery_worker_tasks_active%s)", "sum(ops_worker_pool_processes%s)"),
    )
    yield RecordingRule(
        "ops:cache_hits_per_lookup:ratio_rate5m",
        share_of_both("ops_cache_hits_total", "ops_cache_misses_total"),
    )
    yield RecordingRule(
        "redis:keyspace_hits_per_lookup:ratio_rate5m",
        share_of_both("redis_keyspace_hits_total", "redis_keyspace_misses_total"),
    )
    yield RecordingRule(
        "task:celery_failed_per_finished:ratio_rate5m",
        share_of_both("celery_task_failed_total", "celery_task_succeeded_total", "name"),
    )


def ratio_of(above: str, below: str) -> str:
    """One over the other, nothing where the other is 0."""
    return f"{above % SLOW_JOB} / ({below % SLOW_JOB} > 0)"


def share_of_both(part: str, rest: str, by: str = "") -> str:
    """The rate of the one in the rate of both, nothing where neither happens."""
    one, other = (f"sum by ({by}) (rate({metric}{SLOW_JOB}[5m]))" for metric in (part, rest))
    return f"{one} / ({one} + {other} > 0)"


ANOMALY_INPUT = "ops:watched"
# the three questions about every module, under names of signals
MODULE_SERIES = {"module_requests": MODULE_RATE % "5m"} | {
    name: value for name, (_, value, _) in MODULE_SIGNALS.items()
}


def anomaly_input_rules(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """One name for all of them; what is only ever 0 or 1 has a level, and nothing to be unusual in."""
    names = "|".join(name for name, signal in thresholds.signals.items() if signal.unit != "state")
    yield RecordingRule(
        ANOMALY_INPUT, finite_values(fresh_samples(f'ops:signal{{signal=~"{names}"}}', "slow"))
    )
    for name, series in MODULE_SERIES.items():
        yield RecordingRule(ANOMALY_INPUT, finite_values(newest_sample(series, "slow")), {"signal": name})


def finite_values(expression: str) -> str:
    """The series of this expression that are numbers: a ratio of nothing is none."""
    return f"({expression}) > -Inf < +Inf"


HIDES = "ops:alert:hides"


def hides_rule() -> RecordingRule:
    """The count for every firing alert, 0 for one that hides none.

    An alert hides others as their cause, and milder ones of its own name: never the same ones by both.
    """
    causes: list[str] = []
    graver: list[str] = []
    for (source, equal), targets in targets_by_source(inhibitions()).items():
        (causes if "alertname" in source else graver).append(hidden_count(source, targets, equal))
    cause, grave = " or ".join(causes), " or ".join(graver)
    every = f"0 * {firing_alerts()}"
    return RecordingRule(HIDES, f"(({cause}) or {every}) + (({grave}) or {every})")


def targets_by_source(rules: Iterable[Mapping[str, Any]]) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """The selectors of what is inhibited, by what inhibits it and the labels that both share."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for it in rules:
        source = ",".join(it["source_matchers"])
        found.setdefault((source, tuple(it.get("equal", ()))), []).append(",".join(it["target_matchers"]))
    return found


def hidden_count(source: str, targets: Sequence[str], equal: Sequence[str]) -> str:
    """Of each alert of this source the number of these targets with the same labels."""
    together = " or ".join(firing_alerts(it) for it in targets)
    labels = ", ".join(equal)
    return f"0 * {firing_alerts(source)} + on ({labels}) group_left () count by ({labels}) ({together})"


def firing_alerts(matchers: str = "") -> str:
    """The firing alerts of these matchers."""
    every = 'alertstate="firing"'
    return f"ALERTS{{{every},{matchers}}}" if matchers else f"ALERTS{{{every}}}"
