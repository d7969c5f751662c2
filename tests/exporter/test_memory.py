"""What the exporter does not need is not in its memory."""

import subprocess
import sys
from pathlib import Path
from ssl import CERT_REQUIRED
from urllib.request import urlopen

from exporter.memory import unchanged
from exporter.sources.backend.client import authorities, nobody
from tests.servers.fixtures import started
from tests.servers.ports import free_port
from tests.servers.processes import Server

ROOT = Path(__file__).parents[2]
MAPPINGS = """\
1000-3000 r-xp 00001000 fe:00 12 /lib/code.so
Rss:                   8 kB
Anonymous:             0 kB
AnonHugePages:         0 kB
Swap:                  0 kB
VmFlags: rd ex mr mw me sd
3000-4000 r--p 00003000 fe:00 12 /lib/relocated when it was loaded.so
Anonymous:             4 kB
Swap:                  0 kB
4000-5000 r--p 00004000 fe:00 12 /lib/relocated-and-swapped.so
Anonymous:             0 kB
Swap:                  4 kB
5000-6000 rw-p 00005000 fe:00 12 /lib/data.so
Anonymous:             0 kB
Swap:                  0 kB
6000-7000 r--p 00000000 fe:00 13                         /lib/tables of zones
Anonymous:             0 kB
Swap:                  0 kB
7000-8000 r--p 00000000 00:00 0
Anonymous:             0 kB
Swap:                  0 kB
8000-9000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
Swap:                  0 kB
"""
LIBRARIES = """
import ctypes, hashlib, ssl
from exporter.memory import unmap_libraries

def files():
    return sum(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("RssFile"))

before = files()
unmap_libraries()
assert files() < before / 2, (before, files())
assert hashlib.sha256(b"").hexdigest().startswith("e3b0c442")
assert ssl.create_default_context().check_hostname
"""
ABSENT = """
import sys
from exporter.memory import leave_out
leave_out()
import httpcore2
assert not sys.modules["trio"], "trio was imported"
"""


def test_only_what_files_hold_unchanged_is_unmapped() -> None:
    assert unchanged(MAPPINGS) == [(0x1000, 0x3000), (0x6000, 0x7000)]


def test_libraries_work_on_after_they_were_unmapped() -> None:
    subprocess.run([sys.executable, "-c", LIBRARIES], check=True, cwd=ROOT)


def test_what_only_other_event_loops_need_is_left_out() -> None:
    subprocess.run([sys.executable, "-c", ABSENT], check=True, cwd=ROOT)


def test_no_client_of_ours_trusts_everybody() -> None:
    assert authorities() is authorities()
    assert {it.verify_mode for it in (authorities(), nobody())} == {CERT_REQUIRED}
    assert nobody().get_ca_certs() == []


def test_no_library_is_loaded_for_what_is_not_configured(tmp_path: Path) -> None:
    port = str(free_port())
    command = [sys.executable, "-m", "exporter"]
    page = f"http://127.0.0.1:{port}/metrics"
    exporter = Server(
        command,
        tmp_path / "log",
        ready=lambda: urlopen(page, timeout=5).read(),
        env={"EXPORTER_PORT": port, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
    )
    with started(exporter):
        mapped = Path(f"/proc/{exporter.pid}/maps").read_text()
    assert "sqlite" not in mapped
    assert "_yaml" not in mapped
