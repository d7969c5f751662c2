"""The worker's heartbeat, and the graphics cards that it reports."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from ingestion_api.celery_worker.context import make_context
from ingestion_api.celery_worker.heartbeat import Heartbeat, gpu_info
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import Worker
from ingestion_api.workers import WorkerReport, mark_stopped, record_heartbeat
from tests.ingestion_api.conftest import MORNING
from tests.servers.waiting import eventually

LATER = MORNING.replace(hour=7)


def registered(store: Store, name: str = "hands") -> Worker:
    """The worker's row."""
    with store.read() as session:
        return session.get_one(Worker, name)


def test_a_heart_beats_until_it_is_stopped(
    settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    """Then the worker has said goodbye."""
    context = make_context(settings(heartbeat_period=0.05))
    migrate(context.store.engine)
    heart = Heartbeat(context, "hands", ["ingestion"])
    heart.start()
    first = registered(context.store).last_heartbeat
    assert eventually(lambda: registered(context.store).last_heartbeat > first)
    heart.stop()
    assert registered(context.store).stopped_at is not None
    context.close()


def test_a_heart_goes_on_without_its_database(
    settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    """And says so in the log."""
    context = make_context(
        settings(heartbeat_period=0.05, database_url="postgresql+psycopg://u:secret@127.0.0.1:1/x")
    )
    heart = Heartbeat(context, "hands", ["ingestion"])
    heart.start()
    heart.stop()
    assert "heartbeat not written: OperationalError" in caplog.text
    assert "could not be marked as stopped" in caplog.text
    assert "secret" not in caplog.text


def test_a_worker_that_comes_back_is_the_same_one(store: Store) -> None:
    """With its new process, and no longer stopped."""
    record_heartbeat(store, facts(pid=7), MORNING)
    mark_stopped(store, "hands", MORNING)
    record_heartbeat(store, facts(pid=8), LATER)
    worker = registered(store)
    assert (worker.pid, worker.stopped_at) == (8, None)
    assert times(worker) == (LATER, LATER)


def test_a_beat_changes_only_its_moment(store: Store) -> None:
    """The worker's start stays."""
    record_heartbeat(store, facts(pid=7), MORNING)
    record_heartbeat(store, facts(pid=7), LATER)
    assert times(registered(store)) == (MORNING, LATER)


def facts(pid: int) -> WorkerReport:
    """What a worker says of itself."""
    return WorkerReport("hands", "edge", "tower", pid, ["ingestion"], {"available": False, "cards": []})


def times(worker: Worker) -> tuple[datetime, datetime]:
    """When it started, when it was last heard of."""
    return worker.started_at, worker.last_heartbeat


NONE = {"available": False, "cards": []}


def tool(tmp_path: Path, script: str) -> str:
    """A stand-in for the driver's tool, which no test machine has."""
    file = tmp_path / "smi"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_cards_are_named_with_their_memory(tmp_path: Path) -> None:
    """In bytes."""
    facts = gpu_info(tool(tmp_path, "echo 'NVIDIA L4, 23034, 550.90'; echo 'NVIDIA L4, 23034, 550.90'"))
    card = {"name": "NVIDIA L4", "memory_bytes": 23034 * 1024**2, "driver": "550.90"}
    assert facts == {"available": True, "cards": [card, card]}


@pytest.mark.parametrize("script", ["exit 9", "echo 'No devices were found'", ":"])
def test_a_driver_that_is_unwell_means_no_card(tmp_path: Path, script: str) -> None:
    """The worker works all the same."""
    assert gpu_info(tool(tmp_path, script)) == NONE


def test_without_the_tool_there_is_no_card(tmp_path: Path) -> None:
    """As on most machines."""
    assert gpu_info(str(tmp_path / "smi")) == NONE
