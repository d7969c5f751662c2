"""The control API and the command line: list, refuse, inject and lift faults."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from demo.fault import run_command
from demo.faults.catalogue import FAULTS
from demo.settings import Settings
from demo.supervisor.actions import stop_database, stop_redis, suspend_redis
from demo.supervisor.supervisor import FaultAction, FaultRefused, Supervisor
from tests.demo.running_demo import RunningDemo


def test_the_listing_has_words_for_every_fault(demo: RunningDemo) -> None:
    listed = demo.control.get("/faults").json()["faults"]
    assert {fault["name"] for fault in listed} == set(FAULTS)
    assert all(fault["words"].endswith(".") and "DELETE" in fault["lift"] for fault in listed)
    assert not any(fault["in_force"] for fault in listed)


def test_an_unknown_fault_is_answered_with_the_known_ones(demo: RunningDemo) -> None:
    for answer in (demo.control.post("/faults/rain"), demo.control.delete("/faults/rain")):
        assert answer.status_code == 404
        assert all(name in answer.json()["detail"] for name in FAULTS)


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("slow-module", {"module": "kitchen"}, "expected one of annotations"),
        ("slow-module", {"seconds": "soon"}, "seconds of slow-module is 'soon'"),
        ("errors-in-module", {"share": 3}, "share of errors-in-module is '3'"),
        ("queue-flood", {"queue": "celery"}, "queue of queue-flood is 'celery'"),
        ("failing-tasks", {"hard": True}, "hard of failing-tasks"),
    ],
)
def test_a_wrong_parameter_is_named(
    demo: RunningDemo, name: str, parameters: dict[str, Any], words: str
) -> None:
    answer = demo.control.post(f"/faults/{name}", json=parameters)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_faults_that_exclude_each_other_are_refused(demo: RunningDemo) -> None:
    with demo.fault("redis-frozen"):
        answer = demo.control.post("/faults/redis-stopped")
    assert answer.status_code == 409
    assert "lift that first" in answer.json()["detail"]


def test_all_faults_are_lifted_at_once(demo: RunningDemo) -> None:
    for name in ("slow-module", "lying", "database-stopped"):
        assert demo.control.post(f"/faults/{name}").status_code == 200
    assert demo.control.delete("/faults").status_code == 200
    assert not any(fault["in_force"] for fault in demo.control.get("/faults").json()["faults"])
    assert demo.scalars("SELECT count(*) FROM users") == [20]


def test_the_fault_file_tells_every_process(demo: RunningDemo) -> None:
    with demo.fault("slow-module", module="graph", seconds=0.0):
        assert json.loads((demo.folder / "faults.json").read_text()) == {
            "slow-module": {"module": "graph", "seconds": 0.0}
        }


@pytest.mark.parametrize("act", [stop_redis, suspend_redis, stop_database])
def test_what_the_demo_did_not_start_it_does_not_stop(act: FaultAction) -> None:
    foreign = Settings(redis_url="redis://127.0.0.1:1/2", database_url="postgresql+psycopg://db.example/neo")
    with pytest.raises(FaultRefused, match="was not started by the demo"):
        asyncio.run(act(Supervisor(foreign), {}))


def test_the_shell_speaks_the_same_language(demo: RunningDemo, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(demo.control, "rain", []) == 1
    assert run_command(demo.control, "slow-module", ["module=graph", "seconds=0"]) == 0
    assert run_command(demo.control, "list", []) == 0
    assert run_command(demo.control, "slow-module", ["off"]) == 0
    assert run_command(demo.control, "clear", []) == 0
    assert run_command(demo.control, "slow-module", ["on"]) == 2
    said = capsys.readouterr().out
    for words in (
        "expected one of slow-module",
        "slow-module is in force",
        "slow-module              IN FORCE",
        "slow-module is lifted",
        "all faults are lifted",
        "expected off or name=value",
    ):
        assert words in said


def test_the_command_finds_the_demo_and_knows_underscores(demo: RunningDemo) -> None:
    command = [sys.executable, "-m", "demo.fault", "slow_module", "off"]
    done = subprocess.run(
        command, env=os.environ | demo.variables, capture_output=True, text=True, check=True
    )
    assert done.stdout == "slow-module is lifted\n"


def test_the_command_says_that_no_demo_runs(free_port: Callable[[], int]) -> None:
    env = os.environ | {"DEMO_CONTROL_PORT": str(free_port())}
    command = [sys.executable, "-m", "demo.fault", "list"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "is the demo running?" in done.stdout) == (1, True)
