"""`make run` with Grafana: installed, downloaded beside it, refused, or away."""

import os
import signal
from pathlib import Path

import pytest

from tests.servers.ports import free_port
from tests.servers.waiting import eventually
from tests.stack.conftest import StartRun
from tests.stack.grafana.repository import FileServer, SignedRepository, install_stand_in
from tests.stack.watchroom import Watchroom

GIVEN = {"GRAFANA": "yes", "no_proxy": "127.0.0.1"}


@pytest.fixture
def away() -> dict[str, str]:
    """A backend that is away, which is enough here."""
    return GIVEN | {"BACKEND_URL": f"http://127.0.0.1:{free_port()}"}


def stops(run: Watchroom) -> None:
    """Ctrl-C ends all of it."""
    os.kill(run.pid, signal.SIGINT)
    assert eventually(lambda: run.ended() is not None, within=15)
    assert (run.ended(), run.left()) == (0, [])


def test_it_joins_a_run_that_has_started_without_it(
    watchroom: StartRun,
    repository: SignedRepository,
    server: FileServer,
    tmp_path: Path,
    away: dict[str, str],
) -> None:
    given = away | {
        "GRAFANA_REPOSITORY": str(repository.described(tmp_path / "repository.yml", server.url)),
        "RUN_DIR": str(tmp_path / "a run"),
    }
    run = watchroom(**given)
    server.opened.clear()
    run.start()
    table, address = run.output(), run.address("GRAFANA_PORT")
    assert f"grafana 12.4.* is being downloaded from {server.url}" in table
    assert "grafana: " not in table
    eventually(lambda: run.targets()["exporter"] == "up", within=25)
    assert "grafana" not in run.targets()
    server.opened.set()
    eventually(lambda: f"  grafana: is ready at {address}\n" in run.output(), within=30)
    eventually(lambda: run.targets().get("grafana") == "up", within=30)
    stops(run)
    # the second time it is there from the start
    server.opened.clear()
    again = watchroom(**given)
    again.start()
    assert again.address("GRAFANA_PORT") in again.output()
    assert "downloaded" not in again.output()
    eventually(lambda: again.read("GRAFANA_PORT", "/api/health"), within=10)
    stops(again)


def test_the_installed_one_is_started_and_its_end_ends_nothing_else(
    watchroom: StartRun, tmp_path: Path, away: dict[str, str]
) -> None:
    program = install_stand_in(tmp_path / "grafana home")
    program.with_name("grafana-server").symlink_to(program)
    run = watchroom(**away, PATH=f"{program.parent}:{os.environ['PATH']}")
    run.start()
    assert run.read("GRAFANA_PORT", "/api/health")
    assert run.address("GRAFANA_PORT") in run.output()
    assert "viewing needs no sign-in" in run.output()
    [grafana] = [pid for pid in run.left() if "server.py" in Path(f"/proc/{pid}/cmdline").read_text()]
    os.kill(grafana, signal.SIGKILL)
    log = run.run_dir / "logs" / "grafana.log"
    eventually(lambda: f"grafana: it was killed by SIGKILL; see {log}" in run.output(), within=20)
    assert run.read("SERVICE_PORT", "/-/healthy")
    stops(run)


def test_a_refused_or_unreachable_one_is_one_sentence(
    watchroom: StartRun, repository: SignedRepository, tmp_path: Path, away: dict[str, str]
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    file = repository.described(tmp_path / "repository.yml", address)
    run = watchroom(**away, GRAFANA_REPOSITORY=str(file))
    run.start()
    sentence = f"Grafana cannot be downloaded: {address}/key cannot be reached"
    eventually(lambda: sentence in run.output(), within=30)
    assert run.output().count(sentence) == 1
    assert "grafana/provisioning" in run.output()
    assert "grafana" not in run.targets()
    stops(run)
