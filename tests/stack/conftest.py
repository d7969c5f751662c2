"""Runs of `make run` for the tests."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stack.watchroom import Watchroom

STACK = (sys.executable, "-m", "stack")

StartRun = Callable[..., Watchroom]


@pytest.fixture
def watchroom(tmp_path: Path) -> Iterator[StartRun]:
    """A function that prepares a run; what it leaves behind is ended after the test."""
    made: list[Watchroom] = []

    def make(*command: str, **given: str) -> Watchroom:
        made.append(Watchroom(tmp_path, command or STACK, given))
        return made[-1]

    yield make
    for it in made:
        it.stop()
        for pid in it.left():
            os.kill(pid, signal.SIGKILL)
