"""Series that panels and rules share: durations of tasks, ratios of pools and queues."""

from collections.abc import Iterable, Iterator

from prometheus.fresh import fresh, scraped
from prometheus.requests import QUANTILES, SLOW
from prometheus.rule import Recording


def rules() -> Iterator[Recording]:
    """What is recorded every 15 s from the slow scrape, while it succeeds."""
    return while_scraped(series())


def while_scraped(rules: Iterable[Recording]) -> Iterator[Recording]:
    """These series from fresh samples, while the exporter is scraped."""
    for it in rules:
        yield Recording(it.record, f"({fresh(it.expr, 'slow')}) and on () ({scraped('slow')})", it.labels)


def series() -> Iterator[Recording]:
    """Subject by subject."""
    yield from tasks()
    yield from ratios()


def tasks() -> Iterator[Recording]:
    """How long tasks run, by name: over days too many buckets to read each time; silent where none ran."""
    buckets = f"sum by (name, le) (rate(celery_task_runtime_bucket{SLOW}[5m]))"
    yield Recording(
        "task:celery_task_runtime_seconds:p95_5m",
        f"histogram_quantile({QUANTILES['p95']}, {buckets}) >= 0",
    )


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
