"""Dashboards of a made-up history, in a real Prometheus, and the words that their panels show."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.dashboards import history
from benchmarks.dashboards.prometheus_client import Prometheus, Range, dashboards, defaults
from benchmarks.dashboards.screen import Screen
from benchmarks.dashboards.synthetic_series import Series
from tests.servers.fixtures import started
from tests.servers.prometheus_server import PrometheusServer

SCRAPE, HOUR, WEEK = 15, 3_600, 604_800
EXPORTER = {"job": "exporter", "instance": "exporter:9810"}
Boards = Mapping[str, Screen]


def series(name: str, value: float, /, **labels: str) -> Series:
    """A series that stays at a value."""
    return Series(name, {**EXPORTER, **labels}, "constant", value)


def alert(name: str, severity: str, **labels: str) -> Series:
    """An alert that fires."""
    return Series(
        "ALERTS", {"alertname": name, "severity": severity, "alertstate": "firing", **labels}, "constant"
    )


CALM = (
    series("up", 1),
    # an empty queue that nobody takes from, and one that waits in vain
    *(series("celery_queue_length", n, queue_name=name) for name, n in (("batch", 0), ("celery", 3))),
    *(series("celery_active_consumer_count", 0, queue_name=name) for name in ("batch", "celery")),
    *(series("ops_queue_unconsumed", n, queue_name=name) for name, n in (("batch", 0), ("celery", 1))),
    # the cache's database is empty, the brokers' beside it is not
    series("redis_db_keys", 17, db="db0"),
    series("redis_number_of_distinct_key_groups", 0, db="db2"),
    # a worker that is seen by its consumers
    series("ops_ingestion_worker_status", 1, worker="cloud", status="healthy"),
    series("ops_model_reported_available", 1, model="ncf"),
    # nothing is grave, and one ratio is bad of few events
    *(series("ops:signal:severity", 0, signal=it) for it in ("redis_memory", "pool_use", "workers_up")),
    *(series("ops:signal:too_few", 1, signal=it) for it in ("cache_hit_ratio", "task_failure_ratio")),
    series("ops_cache_hits_total", 0),
    series("ops_cache_misses_total", 2),
    series("any:celery_task_failed_total:present", 1),
    series("ops:threshold", 0.05, signal="task_failure_ratio", severity="warning"),
    series("outcome:celery_tasks:rate5m", 1, outcome="failed"),
    series("outcome:celery_tasks:rate5m", 9, outcome="succeeded"),
    # users since a day
    series("ops_engagement_active_users", 3, window="1d"),
    # infos, of which one is a warning as well
    alert("BackendRestarts", "info", signal="backend_restarts"),
    alert("CacheHitRatioLow", "info", signal="cache_hit_ratio"),
    alert("CacheHitRatioLow", "warning", signal="cache_hit_ratio"),
    alert("AnswersSlowly", "info", module="search", signal="module_slow"),
    alert("Watchdog", "info"),
)


@contextmanager
def shown(folder: Path, *them: Series, since: Sequence[int] = (0,)) -> Iterator[Boards]:
    """The dashboards of a Prometheus that holds these series, for ten minutes until each of these ages."""
    (folder / "data").mkdir()
    end = int(time.time()) // SCRAPE * SCRAPE
    moments = [at for age in since for at in range(end - age - 600, end - age + SCRAPE, SCRAPE)]
    history.write(folder / "data", them, moments)
    with started(PrometheusServer(folder, {"scrape_configs": []}, "--storage.tsdb.retention.time=30d")) as it:
        yield {
            name: Screen(
                Prometheus(it.url), name, board, {**defaults(board), "module": "search"}, Range(HOUR, end)
            )
            for name, board in dashboards().items()
        }


def cells(screen: Screen, title: str) -> dict[str, str]:
    """The words of a strip."""
    return {it.row: it.text for it in screen.cells(title)}


def column(screen: Screen, title: str, name: str) -> dict[str, str]:
    """The words of a column, by row."""
    return {it.row: it.text for it in screen.cells(title) if it.column == name}
