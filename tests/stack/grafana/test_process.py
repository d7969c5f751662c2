"""The process that becomes Grafana, with a stand-in for it: `python -m stack.grafana`."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stack.grafana.package import ADVICE
from stack.grafana.server import grafana_spec
from stack.settings import ROOT, Settings
from tests.servers.ports import free_port
from tests.servers.processes import Server
from tests.servers.waiting import eventually
from tests.stack.grafana.repository import FileServer, SignedRepository


class GrafanaProcess(Server):
    """The process as a run starts it."""

    def __init__(self, run_dir: Path, described: Path) -> None:
        self.port = free_port()
        self.folder = run_dir / "grafana"
        known = {
            "RUN_DIR": str(run_dir),
            "GRAFANA_PORT": str(self.port),
            "GRAFANA_REPOSITORY": str(described),
        }
        chosen = Settings(run_dir=run_dir, grafana_port=self.port, grafana_repository=described)
        entry = grafana_spec(chosen)
        assert entry is not None
        super().__init__(
            entry.command,
            run_dir.parent / "output",
            ready=lambda: self.health() == 200,
            env={**os.environ, **entry.environment, **known},
            cwd=ROOT,
        )

    def health(self) -> int:
        """The status of its own page about its health."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/health", timeout=2) as response:
            return int(response.status)

    def starts(self) -> list[dict[str, Any]]:
        """How the stand-in was started, each time."""
        return list(map(json.loads, (self.folder / "started.jsonl").read_text().splitlines()))

    def status(self) -> str:
        """What the process says while it is not Grafana."""
        file = self.folder / "status"
        return file.read_text() if file.exists() else ""

    def fail(self) -> str:
        """Run it to its end, which must come with one sentence."""
        ended = subprocess.run(
            self.command,
            env=self.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 1
        assert ended.stderr == f"{self.status()}\n"
        return self.status()


@pytest.fixture
def described(repository: SignedRepository, server: FileServer, tmp_path: Path) -> Path:
    """The file that names the repository."""
    return repository.described(tmp_path / "repository.yml", server.url)


@pytest.fixture
def part(described: Path, tmp_path: Path) -> Iterator[GrafanaProcess]:
    """The process of a run in a folder whose name holds a space."""
    it = GrafanaProcess(tmp_path / "a run" / "of it", described)
    it.log.parent.mkdir()
    yield it
    it.stop()


def test_it_becomes_grafana_and_ends_on_sigterm(part: GrafanaProcess) -> None:
    part.start()
    [started] = part.starts()
    home = part.folder.parent / "cache" / "grafana" / "unpacked" / "usr" / "share" / "grafana"
    assert started["argv"] == [
        "server", "--homepath", str(home), "--config", str(part.folder / "grafana.ini")
    ]  # fmt: skip
    password = Path(started["env"]["GF_SECURITY_ADMIN_PASSWORD"].removeprefix("$__file{").removesuffix("}"))
    assert len(password.read_text().strip()) > 30
    assert password.stat().st_mode & 0o777 == 0o600
    assert json.loads((part.folder / "targets.json").read_text()) == [{"targets": [f"127.0.0.1:{part.port}"]}]
    assert part.status() == ""
    os.kill(part.pid, signal.SIGTERM)
    assert eventually(lambda: not part.running, within=10)


def test_it_downloads_once(part: GrafanaProcess, server: FileServer) -> None:
    part.start()
    part.stop()
    requested = len(server.requested)
    server.opened.clear()
    part.start()
    assert len(server.requested) == requested
    first, second = part.starts()
    assert first["env"]["GF_PATHS_DATA"] == second["env"]["GF_PATHS_DATA"] == str(part.folder)
    assert first["env"]["GF_SECURITY_ADMIN_PASSWORD"] == second["env"]["GF_SECURITY_ADMIN_PASSWORD"]


def test_a_new_key_or_version_is_downloaded_anew(
    part: GrafanaProcess, repository: SignedRepository, server: FileServer, described: Path
) -> None:
    part.start()
    part.stop()
    repository.described(described, server.url, version="13.*")
    assert "has no grafana=13.*" in part.fail()


def test_a_port_that_was_taken_meanwhile_is_reported(part: GrafanaProcess) -> None:
    with socket.create_server(("127.0.0.1", part.port)):
        sentence = part.fail()
    assert sentence.startswith(f"Grafana's port {part.port} is in use by ")
    assert sentence.endswith("; free it, or set GRAFANA_PORT")
    part.start()


def test_one_that_cannot_be_executed_is_reported(part: GrafanaProcess) -> None:
    part.start()
    part.stop()
    [program] = part.folder.parent.rglob("bin/grafana")
    program.write_text("#!/lib/ld-missing.so\n")
    assert part.fail().startswith("Grafana cannot be started: [Errno 2] No such file")


def test_a_refusal_is_one_sentence(part: GrafanaProcess, repository: SignedRepository) -> None:
    content = bytearray(repository.package.read_bytes())
    content[200] ^= 1
    repository.package.write_bytes(content)
    assert part.fail().endswith(ADVICE)
    assert not (part.folder / "targets.json").exists()


def test_a_download_ends_with_the_process(part: GrafanaProcess, server: FileServer) -> None:
    server.opened.clear()
    process = subprocess.Popen(part.command, env=part.env, cwd=ROOT)
    try:
        eventually(lambda: server.requested, within=10)
        assert part.status().startswith("grafana 12.4.* is being downloaded from ")
    finally:
        process.terminate()
        process.wait(10)
    eventually(lambda: not apt_of(part.folder.parent), within=10)


def test_unpacking_ends_with_the_process(part: GrafanaProcess, tmp_path: Path) -> None:
    # a package takes some seconds, which is too short to be met
    slow, started = tmp_path / "bin" / "dpkg-deb", tmp_path / "started"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\necho $$ > '{started}.new'\nmv '{started}.new' '{started}'\nexec sleep 60\n")
    slow.chmod(0o755)
    env = part.env | {"PATH": f"{slow.parent}:{os.environ['PATH']}"}
    process = subprocess.Popen(part.command, env=env, cwd=ROOT)
    try:
        eventually(started.exists, within=20)
    finally:
        process.terminate()
        process.wait(10)
    eventually(lambda: not runs(int(started.read_text())), within=10)


def runs(pid: int) -> bool:
    """Whether the process is there and has not ended."""
    line = Path(f"/proc/{pid}/cmdline")
    return line.exists() and line.read_bytes() != b""


def apt_of(run_dir: Path) -> list[str]:
    """The processes of apt that work in the cache of this run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(run_dir / "cache") in line:
            found.append(line)
    return found
