"""Series that panels, rules and anomaly detection share."""

from collections.abc import Iterable, Iterator

from prometheus.freshness import fresh_samples, is_scraped, newest_sample
from prometheus.module_status import MODULE_SIGNALS
from prometheus.request_rules import MODULE_RATE, QUANTILES, SLOW_JOB
from prometheus.rule_file import RecordingRule
from prometheus.thresholds import Thresholds


def recording_rules() -> Iterator[RecordingRule]:
    """Series of tasks, pools, queues and caches, every 15 s from the slow scrape."""
    return fresh_rules(shared_series())


def fresh_rules(rules: Iterable[RecordingRule]) -> Iterator[RecordingRule]:
    """These rules over fresh samples, while the exporter is scraped."""
    for it in rules:
        yield RecordingRule(
            it.record, f"({fresh_samples(it.expr, 'slow')}) and on () ({is_scraped('slow')})", it.labels
        )


def shared_series() -> Iterator[RecordingRule]:
    """The rules in the order of evaluation."""
    yield from task_series()
    yield from outcome_series()
    yield from ratio_series()


def task_series() -> Iterator[RecordingRule]:
    """The 95th percentile of task runtimes by name; recorded because a week of buckets is slow to query."""
    buckets = f"sum by (name, le) (rate(celery_task_runtime_bucket{SLOW_JOB}[5m]))"
    yield RecordingRule(
        "task:celery_task_runtime_seconds:p95_5m",
        f"histogram_quantile({QUANTILES['p95']}, {buckets}) >= 0",
    )


TASK_OUTCOMES = ("succeeded", "failed", "retried", "rejected", "revoked")


def outcome_series() -> Iterator[RecordingRule]:
    """Tasks a second by how they ended, and messages that wait, each of all names and queues together."""
    for outcome in TASK_OUTCOMES:
        ended = f"sum by (instance) (rate(celery_task_{outcome}_total{SLOW_JOB}[5m]))"
        yield RecordingRule("outcome:celery_tasks:rate5m", ended, {"outcome": outcome})
    waiting = f"max by (instance, queue_name) (celery_queue_length{SLOW_JOB})"
    yield RecordingRule("ops:celery_queue_length:sum", f"sum by (instance) ({waiting})")


def ratio_series() -> Iterator[RecordingRule]:
    """How full pools and queues are, and the hit ratios of caches."""
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
    """The ratio of two sums; nothing where the second is 0."""
    return f"{above % SLOW_JOB} / ({below % SLOW_JOB} > 0)"


def share_of_both(part: str, rest: str, by: str = "") -> str:
    """The share of one rate in the sum of two; nothing where both are 0."""
    one, other = (f"sum by ({by}) (rate({metric}{SLOW_JOB}[5m]))" for metric in (part, rest))
    return f"{one} / ({one} + {other} > 0)"


ANOMALY_INPUT = "ops:watched"
# the three series of each module, under names of signals
MODULE_SERIES = {"module_requests": MODULE_RATE % "5m"} | {
    name: it.value for name, it in MODULE_SIGNALS.items()
}


def anomaly_input_rules(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """The input of anomaly detection: every signal that is not only 0 or 1, and each module's requests."""
    names = "|".join(name for name, signal in thresholds.signals.items() if signal.unit != "state")
    yield RecordingRule(
        ANOMALY_INPUT, finite_values(fresh_samples(f'ops:signal{{signal=~"{names}"}}', "slow"))
    )
    for name, series in MODULE_SERIES.items():
        yield RecordingRule(ANOMALY_INPUT, finite_values(newest_sample(series, "slow")), {"signal": name})


def finite_values(expression: str) -> str:
    """The expression without NaN and infinity."""
    return f"({expression}) > -Inf < +Inf"
