"""Series that only panels read: many series summed once a minute, so that a week is drawn at once.

A range query reads every sample of its series. These are fewer series, at a quarter of the samples.
"""

from collections.abc import Iterator

from prometheus.freshness import newest_sample
from prometheus.recording import fresh_rules
from prometheus.request_rules import SLOW_JOB
from prometheus.rule_file import RecordingRule

# without our own polls and those of other watchers
ROUTES = 'handler!~"none|/metrics|/api/monitoring/.*|.+/health.*"'
BACKEND_ROUTES = f'job="backend",{ROUTES}'
# rates over five minutes: what is recorded, the labels that panels tell apart, and the counter
RATES = {
    "method:ops_backend_method_calls:rate5m": ("method", "ops_backend_method_calls_total"),
    "event:ops_event_bus_events:rate5m": ("event", "ops_event_bus_events_total"),
    "cmd:redis_commands:rate5m": ("cmd", "redis_commands_total"),
    "cmd:redis_commands_duration_seconds:rate5m": ("cmd", "redis_commands_duration_seconds_total"),
    "cmd:redis_commands_rejected_calls:rate5m": ("cmd", "redis_commands_rejected_calls_total"),
    "cmd:redis_commands_failed_calls:rate5m": ("cmd", "redis_commands_failed_calls_total"),
    "queryid:pg_stat_statements_seconds:rate5m": ("queryid", "pg_stat_statements_seconds_total"),
}
# mean time of a call over five minutes: the label, and the counters of seconds and calls
MEANS = {
    "method:ops_backend_method_seconds_per_call:ratio_rate5m": (
        "method",
        "ops_backend_method_seconds_total",
        "ops_backend_method_calls_total",
    ),
    "cmd:redis_seconds_per_command:ratio_rate5m": (
        "cmd",
        "redis_commands_duration_seconds_total",
        "redis_commands_total",
    ),
}
TASK_BUCKETS = "task_le:celery_task_runtime_bucket:rate5m"
# failures a second; four scrapes a minute, and the one before them: each failure is in one window
FAILURES = "exception:celery_task_failed:rate75s"
EVERY_SECONDS = 60  # the interval of these rules
ROUTE_RATE = "handler:http_requests:rate5m"
BUSY_ROUTES = 20  # routes that are recorded at a time; panels draw five
# the greatest value of gauges: the label, and the gauge
GREATEST = {
    "relname:pg_stat_user_tables_n_dead_tup:max": ("relname", f"pg_stat_user_tables_n_dead_tup{SLOW_JOB}"),
    "table:ops_database_table_rows:max": ("table", f"ops_database_table_rows{SLOW_JOB}"),
    "cmd:redis_latency_percentiles_usec:p99": (
        "cmd",
        'redis_latency_percentiles_usec{job="exporter",quantile="0.99"}',
    ),
}
DEAD_ROWS, TABLE_ROWS, COMMAND_P99 = GREATEST
COLLECTOR_TIME = "collector:ops_collector_duration_seconds:max1m"
STRONG = "ops:anomaly:direction"
PRESENT = "any:%s:present"
# metrics of many series, of which panels only ask whether there is any
MANY = {
    "ops_http_requests_total": SLOW_JOB,
    "ops_backend_method_calls_total": SLOW_JOB,
    "ops_event_bus_events_total": SLOW_JOB,
    "celery_task_succeeded_total": SLOW_JOB,
    "celery_task_failed_total": SLOW_JOB,
    "celery_task_runtime_count": SLOW_JOB,
    "redis_commands_total": SLOW_JOB,
    "pg_stat_user_tables_n_dead_tup": SLOW_JOB,
    "pg_stat_statements_seconds_total": SLOW_JOB,
    "ops_database_table_rows": SLOW_JOB,
    "http_requests_total": f"{{{BACKEND_ROUTES}}}",
}


def minute_rules() -> Iterator[RecordingRule]:
    """What graphs of many series draw."""
    yield from fresh_rules(of_exporter())
    routes = f"sum by (instance, handler) (rate(http_requests_total{{{BACKEND_ROUTES}}}[5m]))"
    yield RecordingRule(ROUTE_RATE, f"topk by (instance) ({BUSY_ROUTES}, {routes})")


def of_exporter() -> Iterator[RecordingRule]:
    """The series of the exporter, by its instance."""
    for name, (label, counter) in RATES.items():
        yield RecordingRule(name, f"sum by (instance, {label}) (rate({counter}{SLOW_JOB}[5m]))")
    for name, (label, *counters) in MEANS.items():
        seconds, calls = (f"sum by (instance, {label}) (rate({it}{SLOW_JOB}[5m]))" for it in counters)
        yield RecordingRule(name, f"{seconds} / ({calls} > 0)")
    yield RecordingRule(
        TASK_BUCKETS, f"sum by (instance, name, le) (rate(celery_task_runtime_bucket{SLOW_JOB}[5m]))"
    )
    failed = f"rate(celery_task_failed_total{SLOW_JOB}[75s])"
    yield RecordingRule(FAILURES, f"sum by (instance, name, queue_name, exception) ({failed})")
    for name, (label, gauge) in GREATEST.items():
        yield RecordingRule(name, f"max by (instance, {label}) ({gauge})")
    took = f"max_over_time(ops_collector_duration_seconds{SLOW_JOB}[1m])"
    yield RecordingRule(COLLECTOR_TIME, f"max by (instance, collector) ({took})")


def unusual_rules() -> Iterator[RecordingRule]:
    """Which way signals left their band in the last two minutes; the detector judges every minute."""
    high, low = (
        f"{it} by (instance, signal, part) ({it}_over_time(ops_anomaly_direction{SLOW_JOB}[2m]))"
        for it in ("max", "min")
    )
    yield from fresh_rules([RecordingRule(STRONG, f"({high} > 0) or ({low} < 0)")])


def present_rules() -> Iterator[RecordingRule]:
    """Whether a metric of many series has any fresh one: one series to ask instead of all of them."""
    for metric, matchers in MANY.items():
        there = f"group by (instance) ({newest_sample(metric + matchers, 'slow')})"
        yield RecordingRule(PRESENT % metric, there)
