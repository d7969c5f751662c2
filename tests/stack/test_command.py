"""`make run` from outside: it starts its processes, prints their addresses, leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stack import ingestion
from stack.settings import ROOT
from tests.servers.fixtures import StartServer
from tests.servers.waiting import eventually
from tests.stack.conftest import STACK, StartRun


@pytest.fixture
def backend(start_server: StartServer, free_port: Callable[[], int], tmp_path: Path) -> str:
    """The address of an HTTP server in place of a backend."""
    port = free_port()
    (tmp_path / "metrics").write_text("up_and_about 1\n")
    server = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))

    def accepts() -> bool:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True

    start_server(*server, ready=accepts, cwd=tmp_path)
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("word", "status", "told"),
    [("--help", 0, "docs/settings.md lists them"), ("exporter", 2, "unrecognized")],
)
def test_it_takes_no_words_and_starts_nothing_for_them(word: str, status: int, told: str) -> None:
    said = subprocess.run([*STACK, word], capture_output=True, text=True, check=False, cwd=ROOT)
    assert said.returncode == status
    assert told in " ".join((said.stdout + said.stderr).split())


def test_a_given_backend_is_monitored_until_a_signal(watchroom: StartRun, backend: str) -> None:
    run = watchroom(BACKEND_URL=backend, BACKEND_TOKEN="a-token-of-ours")
    run.start()
    table = run.output()
    for setting in ("EXPORTER_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT"):
        assert run.address(setting) in table
    assert backend in table
    assert "a-token-of-ours" not in table
    assert ingestion.NO_WORKER_ROW[2] in table
    assert "GRAFANA=no" in table
    assert run.address("GRAFANA_PORT") not in table
    eventually(lambda: run.targets()["exporter-fast"] == "up", within=25)
    assert set(run.targets()) >= {"exporter", "exporter-fast", "backend", "prometheus", "alertmanager"}
    os.kill(run.pid, signal.SIGINT)
    assert eventually(lambda: run.ended() is not None, within=15)
    assert (run.ended(), run.left()) == (0, [])
    assert run.output().endswith("all stopped\n")
    assert not list(run.run_dir.rglob("*lock*"))


def test_a_port_in_use_is_reported_before_anything_starts(watchroom: StartRun, backend: str) -> None:
    run = watchroom(BACKEND_URL=backend)
    number = run.ports["PROMETHEUS_PORT"]
    with (
        socket.create_server(("127.0.0.1", number)),
        pytest.raises(RuntimeError, match="ended while starting"),
    ):
        run.start()
    holder = f"by {Path('/proc/self/comm').read_text().strip()} (process {os.getpid()})"
    told, _, another = run.output().partition("PROMETHEUS_PORT=")
    assert told == f"port {number} for the prometheus is in use {holder}; free it, or choose another: "
    assert int(another.removesuffix(" make run\n")) not in run.ports.values()
    assert (run.ended(), run.left()) == (1, [])


def test_a_folder_in_use_is_reported(watchroom: StartRun, backend: str) -> None:
    first, second = watchroom(BACKEND_URL=backend), watchroom(BACKEND_URL=backend)
    # it holds the folder long before all is ready
    first.ready = lambda: f"logs are in {first.run_dir / 'logs'}" in first.output()
    first.start()
    with pytest.raises(RuntimeError, match=f"another `make run` uses {first.run_dir}; stop it, or choose"):
        second.start()


def test_a_missing_program_is_reported(watchroom: StartRun, backend: str, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("setpriv", "prometheus"):
        (programs / name).symlink_to(str(shutil.which(name)))
    run = watchroom(BACKEND_URL=backend, PATH=str(programs))
    with pytest.raises(
        RuntimeError, match="prometheus-alertmanager is not installed; `make setup` installs it"
    ):
        run.start()


def test_a_folder_that_cannot_be_made_is_reported(watchroom: StartRun, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    run = watchroom(RUN_DIR=str(tmp_path / "file"))
    with pytest.raises(RuntimeError, match=r"cannot be made .*; choose another folder with RUN_DIR"):
        run.start()


def test_a_wrong_setting_is_reported(watchroom: StartRun) -> None:
    run = watchroom(EXPORTER_PORT="many")
    with pytest.raises(RuntimeError, match="EXPORTER_PORT is 'many'; expected a valid integer"):
        run.start()


def test_wrong_settings_of_the_exporter_end_the_start_with_its_message(
    watchroom: StartRun, backend: str
) -> None:
    run = watchroom(BACKEND_URL=backend, OPS_LIMITS__BUDGET="soon")
    with pytest.raises(RuntimeError, match=r"the exporter ended with status 2.*\n  limits.budget is 'soon'"):
        run.start()
    assert run.left() == []
