"""The supervisor starts everything again, says what stops it, and leaves nothing behind."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from demo.__main__ import help_text
from demo.settings import Settings, read_settings
from demo.supervisor.run import supervise
from tests.demo.running_demo import RunningDemo

Eventually = Callable[..., Any]


@pytest.fixture
def own_demo(tmp_path: Path) -> Iterator[RunningDemo]:
    """A demo with two API processes that this test alone may end."""
    demo = RunningDemo(tmp_path, DEMO_WEB_PROCESSES="2")
    demo.start()
    yield demo
    demo.stop()


def processes_of(demo: RunningDemo) -> list[int]:
    """Every process that carries the demo's folder in its environment or command line."""
    mark = str(demo.folder.parent).encode()
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and carries(entry, mark)
    ]


def carries(entry: Path, mark: bytes) -> bool:
    """Whether a living process was started with this mark."""
    try:
        marked = mark in (entry / "environ").read_bytes() or mark in (entry / "cmdline").read_bytes()
        return marked and int(entry.name) != os.getpid()
    except OSError:
        return False


def test_nothing_is_left_behind_in_the_middle_of_faults(
    own_demo: RunningDemo, eventually: Eventually
) -> None:
    # Redis is not among them: it writes its title over the environment it was started with.
    eventually(lambda: len(processes_of(own_demo)) >= 7)
    counts = set()
    for _ in range(40):
        own_demo.api.post("/search", json={"text": "star"})
        with httpx2.Client(headers=own_demo.api.headers) as client:
            answer = client.get(f"{own_demo.api.base_url}/api/monitoring/events")
        counts.add(answer.json()["metrics"]["events_emitted"])
    assert len(counts) >= 2, "row 14: every process counts for itself"
    for name in ("worker-pool-frozen", "database-stopped", "redis-frozen", "lying"):
        assert own_demo.control.post(f"/faults/{name}").is_success
    start = time.monotonic()
    os.kill(own_demo.pid, signal.SIGTERM)
    eventually(lambda: not own_demo.running, within=15)
    # Three seconds on a quiet machine; tests share two cores with others.
    assert time.monotonic() - start < 8
    assert processes_of(own_demo) == []


@pytest.mark.parametrize("name", ["port", "control_port", "redis_port"])
def test_a_port_in_use_is_one_sentence(
    demo: RunningDemo,
    tmp_path: Path,
    free_port: Callable[[], int],
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    ports = {field: free_port() for field in ("port", "control_port", "redis_port")}
    taken = ports | {name: getattr(demo, name)}
    code = asyncio.run(supervise(Settings(run_dir=tmp_path, git_port=0, **taken)))
    said = capsys.readouterr().err
    sentence = f"DEMO_{name.upper()} is {taken[name]}; expected a free port on 127.0.0.1"
    assert (code, said.count("\n"), said.startswith(sentence)) == (1, 1, True), said


def test_a_wrong_setting_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEMO_WEB_PROCESSES", "many")
    with pytest.raises(SystemExit):
        read_settings()
    said = capsys.readouterr().err
    assert said.startswith('DEMO_WEB_PROCESSES is "many"; input should be a valid integer')
    assert said.count("\n") == 1


def test_the_help_names_every_setting() -> None:
    for name in ("DEMO_PORT", "DEMO_DAY_SECONDS", "RUN_DIR", "DATABASE_URL", "DEMO_TRAFFIC_PEAK"):
        assert name in help_text()
