"""The dashboards that are checked in are what the code makes, twice the same."""

import subprocess
import sys
import threading
import typing
from pathlib import Path

import pytest

from grafana import watch
from grafana.dashboards import boards
from grafana.levels import thresholds
from grafana.write import GENERATED, find_stale, render, write
from prometheus.annotations import Dashboard
from tests.grafana.files import dashboards
from tests.servers.waiting import eventually


def test_the_files_are_what_make_dashboards_would_write() -> None:
    assert sorted(find_stale(boards())) == [], "run `make dashboards`"
    assert {path.stem for path in GENERATED.glob("*.json")} == {board.name for board in boards()}


def test_the_same_code_gives_the_same_bytes() -> None:
    assert [render(board) for board in boards()] == [render(board) for board in boards()]


def test_writing_changes_what_is_stale_and_removes_what_nobody_makes(tmp_path: Path) -> None:
    board = boards()[0]
    (tmp_path / "gone.json").write_text("{}")
    assert write([board], tmp_path) == [f"{board.name}.json"]
    assert write([board], tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == [f"{board.name}.json"]
    (tmp_path / f"{board.name}.json").write_text("edited by hand")
    assert find_stale([board], tmp_path) == {f"{board.name}.json": render(board)}


def test_there_is_a_dashboard_for_everything_that_alerts_lead_to() -> None:
    assert set(typing.get_args(Dashboard)) == set(dashboards())
    assert {signal.dashboard for signal in thresholds().signals.values()} <= set(dashboards())


def test_a_panel_keeps_its_id_when_others_come_and_go() -> None:
    board = boards()[0]
    before = {panel["title"]: panel["id"] for panel in dashboards()[board.name]["panels"]}
    fewer = type(board)(**{**vars(board), "sections": board.sections[1:]})
    after = [line for line in render(fewer).splitlines() if '"id": ' in line and line.strip()[6:-1].isdigit()]
    assert {int(line.strip()[6:-1]) for line in after} <= set(before.values())


def test_the_command_only_checks_when_asked_to() -> None:
    ended = subprocess.run([sys.executable, "-m", "grafana", "--check"], check=False, timeout=60)
    assert ended.returncode == 0


@pytest.mark.parametrize(
    "source", ["grafana/panels.py", "prometheus/thresholds.yml", "prometheus/prometheus.yml"]
)
def test_what_dashboards_are_made_of_is_watched(source: str) -> None:
    assert watch.ROOT / source in watch.save_times()


def test_watching_writes_at_once_and_again_on_every_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, log = tmp_path / "source.py", tmp_path / "log"
    source.write_text("one")
    monkeypatch.setattr(watch, "sources", lambda: iter([source]))
    monkeypatch.setattr(watch, "PERIOD", 0.02)
    told = f"open({str(log)!r}, 'a').write(open({str(source)!r}).read() + ' ')"
    stop = threading.Event()
    watching = threading.Thread(target=watch.watch, args=(stop, ("-c", told)))
    watching.start()
    try:
        eventually(lambda: log.read_text() == "one ")
        source.write_text("another")
        eventually(lambda: log.read_text() == "one another ")
    finally:
        stop.set()
        watching.join()
