"""What boards say of a calm system contradicts neither itself nor what is so."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.dashboards import history
from benchmarks.dashboards.prometheus_client import Prometheus, Range, dashboards, defaults
from benchmarks.dashboards.screen import Screen
from benchmarks.dashboards.synthetic_series import Series
from grafana.mappings import UNKNOWN
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


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boards]:
    """The dashboards of a calm system."""
    with shown(tmp_path_factory.mktemp("calm"), *CALM) as it:
        yield it


def cells(screen: Screen, title: str) -> dict[str, str]:
    """The words of a strip."""
    return {it.row: it.text for it in screen.cells(title)}


def column(screen: Screen, title: str, name: str) -> dict[str, str]:
    """The words of a column, by row."""
    return {it.row: it.text for it in screen.cells(title) if it.column == name}


def test_a_queue_is_unconsumed_only_where_something_waits(boards: Boards) -> None:
    assert column(boards["workers"], "Queues", "Unconsumed") == {"batch": "✔ no", "celery": "✖ yes"}
    assert "Consumed" not in {it.column for it in boards["workers"].cells("Queues")}


def test_keys_and_prefixes_are_those_of_one_database(boards: Boards, tmp_path: Path) -> None:
    assert cells(boards["cache"], "Keys") == {"Keys": "0", "Prefixes": "0"}
    full = (series("redis_db_keys", 5, db="db2"), series("redis_number_of_distinct_key_groups", 2, db="db2"))
    with shown(tmp_path, series("up", 1), series("redis_db_keys", 17, db="db0"), *full) as it:
        assert cells(it["cache"], "Keys") == {"Keys": "5", "Prefixes": "2"}


@pytest.mark.parametrize(
    ("board", "title", "name", "row"),
    [
        ("ingestion", "Workers", "Heartbeat", "cloud"),
        ("models", "All models", "Last inference", "ncf"),
        ("models", "All models", "Written", "ncf"),
    ],
)
def test_a_time_that_nobody_tells_is_not_said_to_be_never(
    boards: Boards, board: str, title: str, name: str, row: str
) -> None:
    assert column(boards[board], title, name) == {row: "not told"}


def test_infos_are_recorded_and_do_not_fire(boards: Boards) -> None:
    rows = {
        it.row.split()[0]: (it.text, severity)
        for it, severity in zip(
            (it for it in boards["alerts"].cells("Firing and pending alerts") if it.column == "State"),
            column(boards["alerts"], "Firing and pending alerts", "Severity").values(),
            strict=True,
        )
    }
    assert rows == {
        "BackendRestarts": ("i recorded", "i info"),
        "CacheHitRatioLow": ("· firing", "▲ warning"),
        "AnswersSlowly": ("i recorded", "i info"),
    }


def test_counts_of_alerts_are_those_of_the_lists(boards: Boards) -> None:
    now = cells(boards["alerts"], "Now")
    assert {name: now[name] for name in ("Critical", "Warning", "Info")} == {
        "Critical": "0",
        "Warning": "1",
        "Info": "2",
    }
    assert cells(boards["module"], "Data and alerts")["Alerts firing"] == "i 1"
    assert list(column(boards["module"], "Firing alerts", "State").values()) == ["i recorded"]
    # the info of the same name is no second alert
    assert cells(boards["cache"], "Data and alerts")["Alerts firing"] == "▲ 1"
    assert cells(boards["workers"], "Data and alerts")["Alerts firing"] == "✔ none"


@pytest.mark.parametrize(
    ("board", "title"),
    [("cache", "Last hour"), ("workers", "Last hour"), ("overview", "Resources, last hour")],
)
def test_what_is_bad_of_few_events_is_not_ok(boards: Boards, board: str, title: str) -> None:
    assert cells(boards[board], title)["Level"] == "? few"


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


def test_the_level_of_users_says_why_there_is_none(boards: Boards, tmp_path: Path) -> None:
    assert cells(boards["engagement"], "Users")["Level"] == "? too new"
    users = series("ops_engagement_active_users", 3, window="1d")
    with shown(tmp_path, series("up", 1), users, since=(WEEK, 0)) as it:
        assert cells(it["engagement"], "Users")["Level"] == "? few"


def test_recommendations_that_are_few_say_so(tmp_path: Path) -> None:
    few = series("ops_recommendations_impressions", 3, window="7d", strategy="ncf")
    with shown(tmp_path, series("up", 1), few) as it:
        assert cells(it["recommendations"], "Recommendations, last $window")["Level"] == "? few"
