"""The processes of a stack live and end together."""

import json
import os
import shlex
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stack.runner import log_excerpt
from tests.servers.processes import Server, state
from tests.servers.waiting import eventually

ROOT = Path(__file__).parents[2]


def test_the_errors_above_the_end_of_a_log_are_shown_with_it() -> None:
    told = "level=error err=unclosed"
    winding_down = [f"level=info msg=stopped {number}" for number in range(20)]
    assert log_excerpt([*winding_down, told, *winding_down]) == [told, *winding_down[-12:]]
    assert log_excerpt([told, *winding_down[:5]]) == [told, *winding_down[:5]]
    assert log_excerpt([told, *(20 * winding_down)]) == winding_down[-12:]


class SmallStack(Server):
    """Tiny processes under the real runner; every process of it carries one mark."""

    def __init__(self, folder: Path, services: list[dict[str, Any]], seconds: float) -> None:
        self.mark = uuid.uuid4().hex
        self.logs = folder
        command = [sys.executable, "-m", "tests.stack.small_stack", str(folder), str(seconds)]
        super().__init__(
            [*command, json.dumps(services)],
            folder / "stack.out",
            ready=lambda: "begun" in self.output(),
            env={"SMALL_STACK": self.mark},
            cwd=ROOT,
        )

    def left(self) -> list[int]:
        """The processes of this stack that live."""
        return [pid for pid in map(int, numbers()) if self._carries(pid) and state(pid) not in "ZX"]

    def ended(self) -> int | None:
        """The exit status, once ended."""
        return self._process.poll() if self._process else None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the stack alone."""
        os.kill(self.pid, number)

    def _carries(self, pid: int) -> bool:
        try:
            return f"SMALL_STACK={self.mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False


Start = Callable[..., SmallStack]


@pytest.fixture
def small_stack(tmp_path: Path) -> Iterator[Start]:
    """A function that starts a small stack; what it leaves behind is ended after the test."""
    stacks: list[SmallStack] = []

    def start(*services: dict[str, Any], seconds: float = 20.0) -> SmallStack:
        stack = SmallStack(tmp_path, list(services), seconds)
        stacks.append(stack)
        stack.start()
        return stack

    yield start
    for stack in stacks:
        stack.stop()
        for pid in stack.left():
            os.kill(pid, signal.SIGKILL)


def web(port: int, name: str = "web", **more: Any) -> dict[str, Any]:
    """A process that serves HTTP."""
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    return {"name": name, "command": command, "ready": f"http://127.0.0.1:{port}/", **more}


def shell(script: str, port: int, name: str = "odd") -> dict[str, Any]:
    """A process that is ready when the port accepts connections, and runs the script."""
    return {"name": name, "command": ["bash", "-c", script], "ready": f"tcp://127.0.0.1:{port}"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_of_them(
    small_stack: Start, free_port: Callable[[], int], number: signal.Signals
) -> None:
    port = free_port()
    stack = small_stack(web(port), shell("sleep 1000 & exec sleep 1000", port))
    eventually(lambda: "all ready" in stack.output(), within=15)
    assert len(stack.left()) >= 4
    stack.signal(number)
    assert eventually(lambda: stack.ended() is not None, within=15)
    assert (stack.ended(), stack.left()) == (0, [])


def test_a_signal_before_all_have_started_ends_all_of_them(
    small_stack: Start, free_port: Callable[[], int]
) -> None:
    port = free_port()
    stack = small_stack(*(web(port, name=f"web-{number}") for number in range(6)))
    assert eventually(lambda: len(stack.left()) > 1)
    stack.signal(signal.SIGINT)
    assert eventually(lambda: stack.ended() is not None, within=15)
    assert (stack.ended(), stack.left()) == (0, [])


def test_a_stack_that_is_killed_takes_its_processes_with_it(
    small_stack: Start, free_port: Callable[[], int]
) -> None:
    port = free_port()
    stack = small_stack(web(port))
    eventually(lambda: "all ready" in stack.output(), within=15)
    stack.signal(signal.SIGKILL)
    assert eventually(lambda: not stack.left(), within=10)


def test_a_process_that_ends_ends_the_others_and_is_named(
    small_stack: Start, free_port: Callable[[], int]
) -> None:
    port = free_port()
    stack = small_stack(web(port), shell("sleep 1000 & echo no such file; exit 3", port))
    assert eventually(lambda: stack.ended() is not None, within=15)
    assert (stack.ended(), stack.left()) == (1, [])
    assert "the odd ended with status 3, so everything was stopped; the end of" in stack.output()
    assert stack.output().endswith("\n  no such file\n")


def test_a_process_that_is_killed_is_named_with_the_signal(
    small_stack: Start, free_port: Callable[[], int]
) -> None:
    port = free_port()
    stack = small_stack(web(port), shell("kill -SEGV $$", port))
    assert eventually(lambda: stack.ended() is not None, within=15)
    assert "the odd was killed by SIGSEGV, so everything was stopped; it wrote nothing" in stack.output()


def test_a_process_that_is_never_ready_is_named(small_stack: Start, free_port: Callable[[], int]) -> None:
    port, nowhere = free_port(), free_port()
    stack = small_stack(web(port), shell("echo thinking; exec sleep 1000", nowhere), seconds=1.5)
    assert eventually(lambda: stack.ended() is not None, within=15)
    assert (stack.ended(), stack.left()) == (1, [])
    assert "the odd was not ready within 1.5 s (READY_SECONDS)" in stack.output()
    assert stack.output().endswith("\n  thinking\n")


def optional(entry: dict[str, Any], folder: Path, **more: Any) -> dict[str, Any]:
    """The same process, without which the others go on."""
    return {**entry, "name": "extra", "status_file": str(folder / "status"), **more}


@pytest.mark.parametrize("code", ["exit 3", "kill -SEGV $$"])
def test_the_end_of_an_optional_process_ends_no_other(
    small_stack: Start, free_port: Callable[[], int], tmp_path: Path, code: str
) -> None:
    port, nowhere = free_port(), free_port()
    stack = small_stack(web(port), optional(shell(code, nowhere), tmp_path))
    eventually(lambda: "all ready" in stack.output(), within=15)
    status = tmp_path / "status"
    how = "ended with status 3" if code == "exit 3" else "was killed by SIGSEGV"
    assert eventually(status.read_text) == f"it {how}; see {tmp_path / 'extra.log'}"
    assert stack.ended() is None
    stack.signal(signal.SIGTERM)
    assert eventually(lambda: stack.ended() is not None, within=15)
    assert (stack.ended(), stack.left()) == (0, [])


def test_the_reason_of_an_optional_process_stays(
    small_stack: Start, free_port: Callable[[], int], tmp_path: Path
) -> None:
    port, nowhere = free_port(), free_port()
    (tmp_path / "status").write_text("of an earlier run")
    script = f'test ! -e {shlex.quote(str(tmp_path / "status"))} && echo refused >"$0"; exit 1'
    entry = shell(script, nowhere)
    entry["command"].append(str(tmp_path / "status"))
    stack = small_stack(web(port), optional(entry, tmp_path))
    eventually(lambda: "all ready" in stack.output(), within=15)
    assert (tmp_path / "status").read_text() == "refused\n"


@pytest.mark.parametrize("awaited", [True, False])
def test_an_optional_process_that_is_late_ends_no_other(
    small_stack: Start, free_port: Callable[[], int], tmp_path: Path, awaited: bool
) -> None:
    port, nowhere = free_port(), free_port()
    late = optional(shell("exec sleep 1000", nowhere), tmp_path, awaited=awaited)
    stack = small_stack(web(port), late, seconds=2.0 if awaited else 60.0)
    eventually(lambda: "all ready" in stack.output(), within=15)
    stack.signal(signal.SIGINT)
    assert eventually(lambda: stack.ended() is not None, within=15)
    assert (stack.ended(), stack.left()) == (0, [])


def test_a_process_that_ends_also_ends_optional_ones(
    small_stack: Start, free_port: Callable[[], int], tmp_path: Path
) -> None:
    port, other = free_port(), free_port()
    stack = small_stack(shell("sleep 1; exit 3", port), optional(web(other), tmp_path))
    assert eventually(lambda: stack.ended() is not None, within=15)
    assert (stack.ended(), stack.left()) == (1, [])
    assert "the odd ended with status 3" in stack.output()


def test_a_process_that_will_not_end_is_ended_by_force(
    small_stack: Start, free_port: Callable[[], int]
) -> None:
    port = free_port()
    deaf = "trap '' TERM INT; setsid sleep 1000 & while true; do sleep 0.1; done"
    stack = small_stack(web(port), shell(deaf, port))
    eventually(lambda: "all ready" in stack.output(), within=15)
    stack.signal(signal.SIGTERM)
    assert eventually(lambda: stack.ended() is not None, within=15)
    assert (stack.ended(), stack.left()) == (0, [])


def test_a_process_starts_after_what_it_waits_for(
    small_stack: Start, free_port: Callable[[], int], tmp_path: Path
) -> None:
    port, other = free_port(), free_port()
    slow = shell(
        f"sleep 0.5; exec {shlex.quote(sys.executable)} -m http.server --bind 127.0.0.1 {port}",
        port,
        name="slow",
    )
    check = f"import socket; socket.create_connection(('127.0.0.1', {port})); print('was there')"
    second = web(other, name="second", after=[f"http://127.0.0.1:{port}/"])
    second["command"] = [
        "bash",
        "-c",
        f"{shlex.join([sys.executable, '-c', check])} && exec {shlex.join(second['command'])}",
    ]
    stack = small_stack(slow, second)
    eventually(lambda: "all ready" in stack.output(), within=15)
    assert (tmp_path / "second.log").read_text().startswith("was there")


def numbers() -> list[str]:
    return [path.name for path in Path("/proc").glob("[0-9]*")]
