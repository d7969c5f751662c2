"""What boards say of a calm system contradicts neither itself nor what is so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.dashboards.prometheus_client import dashboards
from benchmarks.dashboards.screen import field_config
from tests.grafana.made_history import CALM, Boards, alert, cells, column, series, shown


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boards]:
    """The dashboards of a calm system."""
    with shown(tmp_path_factory.mktemp("calm"), *CALM) as it:
        yield it


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


def test_alerts_without_a_signal_are_counted_where_they_lead(tmp_path: Path) -> None:
    down, absent = alert("TargetDown", "warning", job="exporter"), alert("ExporterAbsent", "critical")
    with shown(tmp_path, series("up", 1), down, absent, alert("Watchdog", "info")) as it:
        for name, count in {"alerts": "✖ 2", "stack": "✖ 2", "cache": "✔ none"}.items():
            assert cells(it[name], "Data and alerts")["Alerts firing"] == count


def test_alerts_without_a_signal_are_marked_where_they_lead(tmp_path: Path) -> None:
    with shown(tmp_path, series("up", 1), alert("ExporterAbsent", "critical")) as it:
        stack = it["stack"]
        marks = {each["name"]: each["expr"] for each in stack.board["annotations"]["list"]}
        [mark] = stack.prometheus.instant(marks["Critical alerts"], stack.shown)
        assert mark["metric"]["alertname"] == "ExporterAbsent"


def test_a_budget_that_burns_in_several_windows_is_one_alert(tmp_path: Path) -> None:
    windows = {"1h": "critical", "6h": "critical", "1d": "warning"}
    burning = (alert("ApiLatencyBudgetBurns", it, window=window) for window, it in windows.items())
    with shown(tmp_path, series("up", 1), *burning) as it:
        now = cells(it["alerts"], "Now")
        assert (now["Critical"], now["Warning"]) == ("1", "0")
        assert cells(it["overview"], "Alerts") == {"critical": "1", "warning": "0"}


@pytest.mark.parametrize(
    ("board", "title"),
    [("cache", "Last hour"), ("workers", "Last hour"), ("overview", "Resources, last hour")],
)
def test_what_is_bad_of_few_events_is_not_ok(boards: Boards, board: str, title: str) -> None:
    assert cells(boards[board], title)["Level"] == "? few"


def test_a_memory_without_a_limit_has_no_limit_of_zero(tmp_path: Path) -> None:
    limits = {"full": 5.0, "free": 0.0}
    for folder, limit in limits.items():
        (tmp_path / folder).mkdir()
        used = series("redis_memory_used_bytes", 3), series("redis_memory_max_bytes", limit)
        with shown(tmp_path / folder, series("up", 1), *used) as it:
            assert [*cells(it["cache"], "Memory")] == ["used", *(["limit"] if limit else [])]


@pytest.mark.parametrize("collector", ["workers", "cache", "database", "models", "ingestion"])
def test_the_overview_is_not_live_where_a_part_of_it_cannot_be_read(tmp_path: Path, collector: str) -> None:
    fails = series("ops_collector_success", 0, collector=collector)
    with shown(tmp_path, series("up", 1), series("ops_collector_success", 1, collector="api"), fails) as it:
        assert cells(it["overview"], "Freshness")["Data"] == "▲ partial"


@pytest.mark.parametrize("name", ["engagement", "recommendations", "stack"])
def test_numbers_that_are_counted_every_five_minutes_are_not_old_before(name: str) -> None:
    board = dashboards()[name]
    panel = next(it for it in board["panels"] if it["title"] == "Data and alerts")
    steps = field_config(panel, "Oldest")["thresholds"]["steps"]
    passed = [it["color"] for it in steps if it["value"] is None or it["value"] <= 299]
    assert passed == [steps[0]["color"]]
    assert "up to ten is usual" in panel["description"]
