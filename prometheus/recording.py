"""Series that panels and rules share: requests by module, statuses as numbers, ratios of pools and queues."""

from collections.abc import Iterator

from prometheus.fresh import fresh, scraped
from prometheus.rule import Recording

SLOW = '{job="exporter"}'
REQUESTS = "ops_http_requests_total"
ERRORS = "ops_http_request_errors_total"
DURATION = "ops_http_request_duration_seconds_bucket"
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
# healthy is 0; what is not known is worse than healthy, and better than known trouble
NUMBERS = {"unknown": 1, "degraded": 2, "down": 3}


def rules() -> Iterator[Recording]:
    """What is recorded every 15 s from the slow scrape, while it succeeds."""
    for it in series():
        yield Recording(it.record, f"({fresh(it.expr, 'slow')}) and on () ({scraped('slow')})", it.labels)


def series() -> Iterator[Recording]:
    """Subject by subject."""
    yield from requests()
    yield from tasks()
    yield from statuses()
    yield from ratios()


def requests() -> Iterator[Recording]:
    """Rate, errors and duration by module."""
    yield Recording("module:ops_http_requests:rate5m", f"sum by (module) (rate({REQUESTS}{SLOW}[5m]))")
    yield Recording("module:ops_http_request_errors:rate5m", f"sum by (module) (rate({ERRORS}{SLOW}[5m]))")
    yield Recording(
        "module:ops_http_request_errors_per_request:ratio_rate5m",
        "module:ops_http_request_errors:rate5m / (module:ops_http_requests:rate5m > 0)",
    )
    for name, quantile in QUANTILES.items():
        yield Recording(
            f"module:ops_http_request_duration_seconds:{name}_5m",
            f"histogram_quantile({quantile}, sum by (module, le) (rate({DURATION}{SLOW}[5m])))",
        )
    # for quantiles of all modules together over days, which would read every bucket of every module
    yield Recording(
        "le:ops_http_request_duration_seconds_bucket:rate5m", f"sum by (le) (rate({DURATION}{SLOW}[5m]))"
    )


def tasks() -> Iterator[Recording]:
    """How long tasks run, by name: over days too many buckets to read each time; silent where none ran."""
    buckets = f"sum by (name, le) (rate(celery_task_runtime_bucket{SLOW}[5m]))"
    yield Recording(
        "task:celery_task_runtime_seconds:p95_5m",
        f"histogram_quantile({QUANTILES['p95']}, {buckets}) >= 0",
    )


def statuses() -> Iterator[Recording]:
    """Each module's status, derived from what is reported and observed, as a number; and the worst of all."""
    yield Recording("module:ops_module_status:code", code("ops_module_status", "module"))
    yield Recording("component:ops_component_status:code", code("ops_component_status", "component"))
    yield Recording(
        "ops:status:code", "max(module:ops_module_status:code or component:ops_component_status:code)"
    )


def code(metric: str, label: str) -> str:
    """Of one series a status the number of the one that holds."""
    parts = (
        f'{number} * max by ({label}) ({metric}{{job="exporter",status="{status}"}})'
        for status, number in NUMBERS.items()
    )
    return " + ".join(parts)


def ratios() -> Iterator[Recording]:
    """How full pools and queues are, and how often a cache helps."""
    yield Recording(
        "ops:database_pool_checked_out_per_capacity:ratio",
        per(
            "max(ops_database_pool_checked_out_connections%s)",
            "max(ops_database_pool_capacity_connections%s)",
        ),
    )
    yield Recording(
        "queue:ops_ingestion_items_per_capacity:ratio",
        per(
            "max by (queue) (ops_ingestion_queue_length%s)",
            "max by (queue) (ops_ingestion_queue_capacity%s)",
        ),
    )
    yield Recording(
        "ops:celery_tasks_active_per_process:ratio",
        per("sum(celery_worker_tasks_active%s)", "sum(ops_worker_pool_processes%s)"),
    )
    yield Recording(
        "ops:cache_hits_per_lookup:ratio_rate5m", share("ops_cache_hits_total", "ops_cache_misses_total")
    )
    yield Recording(
        "redis:keyspace_hits_per_lookup:ratio_rate5m",
        share("redis_keyspace_hits_total", "redis_keyspace_misses_total"),
    )
    yield Recording(
        "task:celery_failed_per_finished:ratio_rate5m",
        share("celery_task_failed_total", "celery_task_succeeded_total", "name"),
    )


def per(above: str, below: str) -> str:
    """One over the other, nothing where the other is 0."""
    return f"{above % SLOW} / ({below % SLOW} > 0)"


def share(part: str, rest: str, by: str = "") -> str:
    """The rate of the one in the rate of both, nothing where neither happens."""
    one, other = (f"sum by ({by}) (rate({metric}{SLOW}[5m]))" for metric in (part, rest))
    return f"{one} / ({one} + {other} > 0)"
