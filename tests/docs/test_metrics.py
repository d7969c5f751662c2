"""Each exported metric is on a dashboard, or docs/metrics.md says why it is on none."""

import re

from docs.metric_boards import boards_of, names_by_board
from docs.unshown_metrics import REASONS, reason
from exporter.collectors.fastapi import FASTAPI
from exporter.inventory import list_metrics
from exporter.metrics import Gauge

METRICS = [*list_metrics(), *list_metrics((FASTAPI,))]


def test_each_metric_is_on_a_dashboard_or_has_a_reason() -> None:
    lacking = [it.metric.name for it in METRICS if not boards_of(it.metric) and not reason(it.metric.name)]
    assert lacking == [], "show it on a dashboard, or add its reason to docs/unshown_metrics.py"


def test_reasons_name_dashboards_that_exist_and_fit_metrics_that_exist() -> None:
    named = {title for text in REASONS.values() for title in re.findall(r"\*([A-Z][^*]+)\*", text)}
    assert named <= names_by_board().keys()
    names = [it.metric.name for it in METRICS]
    assert [it for it in REASONS if not any(re.fullmatch(it, name) for name in names)] == []


def test_a_metric_is_found_in_queries_in_recorded_series_and_in_signals() -> None:
    # in a query, in `redis:keyspace_hits_per_lookup:ratio_rate5m`, and in a signal of that dashboard
    for name in ("redis_db_keys", "redis_keyspace_misses_total", "redis_evicted_keys_total"):
        assert "Cache" in boards_of(Gauge(name, ""))
    assert boards_of(Gauge("no_such_metric", "")) == []
    assert reason("no_such_metric") == ""
