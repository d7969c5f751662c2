"""What boards say of levels is the gravest of what is known, and why nothing is."""

import math
from pathlib import Path

import pytest

from benchmarks.dashboards.synthetic_series import Series
from grafana.mappings import UNKNOWN
from tests.grafana.made_history import CALM, WEEK, cells, column, series, shown


def test_few_failures_of_one_task_say_nothing_of_many_others(tmp_path: Path) -> None:
    many = series("outcome:celery_tasks:rate5m", 999, outcome="succeeded")
    with shown(tmp_path, *(it for it in CALM if it.labels.get("outcome") != "succeeded"), many) as it:
        last_hour = cells(it["workers"], "Last hour")
        assert (last_hour["Failure ratio"], last_hour["Level"]) == ("0.1 %", "✔ ok")


def test_what_is_grave_hides_what_is_few(tmp_path: Path) -> None:
    grave = series("ops:signal:severity", 2, signal="redis_memory")
    with shown(tmp_path, *(it for it in CALM if it.labels.get("signal") != "redis_memory"), grave) as it:
        assert cells(it["cache"], "Last hour")["Level"] == "▲ warning"


@pytest.mark.parametrize(
    ("board", "title", "signal"),
    [
        ("cache", "Last hour", "cache_up"),
        ("workers", "Last hour", "workers_up"),
        ("database", "Last hour", "database_latency"),
        ("ingestion", "Last hour", "ingestion_queue"),
        # what stands beside it in another panel
        ("workers", "Last hour", "broker_up"),
        ("workers", "Last hour", "worker_up"),
        ("workers", "Last hour", "workers_stalled"),
        ("ingestion", "Last hour", "ingestion_store"),
        ("ingestion", "Last hour", "ingestion_dead_letters"),
        ("ingestion", "Last hour", "edge_worker_heartbeat"),
        ("overview", "Resources, last hour", "pool_use"),
    ],
)
def test_what_is_grave_is_shown_where_counters_of_another_signal_are_away(
    tmp_path: Path, board: str, title: str, signal: str
) -> None:
    # a ratio that its window still remembers is no level any more
    gone = series("ops:signal:severity", 3, signal="cache_hit_ratio")
    with shown(tmp_path, series("up", 1), series("ops:signal:severity", 2, signal=signal), gone) as it:
        assert cells(it[board], title)["Level"] == "▲ warning"


def test_the_list_of_levels_shows_each_signal_for_itself(tmp_path: Path) -> None:
    def known(signal: str) -> tuple[Series, ...]:
        values = {"ops:signal": 0.5, "ops:signal:severity": 0.0}
        level = series("ops:threshold", 1, signal=signal, severity="warning")
        return level, *(series(name, value, signal=signal) for name, value in values.items())

    with shown(tmp_path, series("up", 1), *known("database_latency"), *known("queue_wait")) as it:
        durations = it["alerts"], "Levels: durations"
        assert column(*durations, "Level") == {"database_latency": "✔ ok", "queue_wait": UNKNOWN}
        assert column(*durations, "Now") == {"database_latency": "500 ms", "queue_wait": UNKNOWN}


def test_the_list_of_levels_shows_the_worst_part_of_a_signal(tmp_path: Path) -> None:
    workers = (series("ops:signal", n, signal="worker_up", hostname=name) for n, name in ((0, "a"), (1, "b")))
    signal = "queue_unconsumed"
    queues = (series("ops:signal", n, signal=signal, queue=name) for n, name in ((0, "a"), (1, "b")))
    with shown(tmp_path, series("up", 1), *workers, *queues) as it:
        now = column(it["alerts"], "Levels: rates and states", "Now")
        assert now == {"worker_up": "0", signal: "1"}


def test_an_objective_of_which_nothing_happened_is_not_ok(tmp_path: Path) -> None:
    objectives = (series("slo:objective:ratio", 0.99, slo=name) for name in ("busy", "idle"))
    ratios = (series("slo:error_ratio:30d", n, slo=name) for n, name in ((0, "busy"), (math.nan, "idle")))
    with shown(tmp_path, *objectives, *ratios) as it:
        assert column(it["slo"], "Objectives", "Level") == {"busy": "✔ ok", "idle": "? few"}


def test_the_level_of_users_says_why_there_is_none(tmp_path: Path) -> None:
    users = series("ops_engagement_active_users", 3, window="1d")
    for told, since in (("? too new", (0,)), ("? few", (WEEK, 0))):
        (tmp_path / told).mkdir()
        with shown(tmp_path / told, series("up", 1), users, since=since) as it:
            assert cells(it["engagement"], "Users")["Level"] == told


def test_recommendations_that_are_few_say_so(tmp_path: Path) -> None:
    few = series("ops_recommendations_impressions", 3, window="7d", strategy="ncf")
    with shown(tmp_path, series("up", 1), few) as it:
        assert cells(it["recommendations"], "Recommendations, last $window")["Level"] == "? few"
