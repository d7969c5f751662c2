"""One child of the supervisor: started again, held down, ended, never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from demo.supervisor.supervised_process import SupervisedProcess

Eventually = Callable[..., Any]
# A shell with a child of its own, as a Celery worker has its pool.
FAMILY = ("sh", "-c", "sleep 60 & wait")
STUBBORN = ("sh", "-c", "trap '' TERM; sleep 60 & wait; wait")
ORPHANED = """
import asyncio, os
from demo.supervisor.supervised_process import SupervisedProcess

async def run():
    child = SupervisedProcess("sleeper", ("sleep", "60"), os.environ)
    child.start()
    while child.pid is None:
        await asyncio.sleep(0.01)
    print(child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(run())
"""


async def until(check: Callable[[], object]) -> None:
    """Wait for something to become true, five seconds at most."""
    async with asyncio.timeout(5):
        while not check():  # noqa: ASYNC110  what is awaited is another process
            await asyncio.sleep(0.01)


def living(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.joinpath("stat").exists():
            state, _, number = entry.joinpath("stat").read_text().rpartition(")")[2].split()[:3]
            found += [int(entry.name)] if int(number) == group and state != "Z" else []
    return found


def with_child(
    command: tuple[str, ...], act: Callable[[SupervisedProcess], Coroutine[Any, Any, None]]
) -> None:
    """Run a child, do something with it, end it."""

    async def run() -> None:
        child = SupervisedProcess("family", command, os.environ)
        child.start()
        try:
            await until(lambda: child.pid is not None)
            await act(child)
        finally:
            await child.stop(0.3)

    asyncio.run(run())


def test_a_child_that_dies_is_started_again_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async def act(child: SupervisedProcess) -> None:
        first = child.pid or 0
        os.kill(first, signal.SIGKILL)
        await until(lambda: child.pid not in (None, first))
        assert child.starts == 2
        await until(lambda: living(first) == [])

    with_child(FAMILY, act)
    assert "family ended with code -9; it starts again in 0.5 s" in caplog.text


def test_a_held_child_stays_down_until_it_is_released() -> None:
    async def act(child: SupervisedProcess) -> None:
        first = child.pid or 0
        child.signal(signal.SIGSTOP)
        await child.hold(signal.SIGTERM)
        assert (child.is_held, child.pid, living(first)) == (True, None, [])
        child.release()
        await until(lambda: child.pid is not None)
        assert child.starts == 2

    with_child(FAMILY, act)


def test_a_stubborn_or_frozen_child_is_ended_with_its_family() -> None:
    groups = []

    async def act(child: SupervisedProcess) -> None:
        await until(lambda: len(child.child_pids()) == 1)
        groups.append(child.pid or 0)
        os.kill(child.child_pids()[0], signal.SIGSTOP)

    with_child(STUBBORN, act)
    assert living(groups[0]) == []


def test_children_go_with_a_supervisor_that_is_killed(eventually: Eventually) -> None:
    with subprocess.Popen([sys.executable, "-c", ORPHANED], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        sleeper = int(supervisor.stdout.readline())
        assert living(sleeper) == [sleeper]
        supervisor.kill()
    eventually(lambda: living(sleeper) == [])
