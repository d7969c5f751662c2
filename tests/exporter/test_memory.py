"""What the exporter does not need is not in its memory."""

import platform
import subprocess
import sys
from pathlib import Path
from ssl import CERT_REQUIRED
from urllib.request import urlopen

import pytest

from exporter import memory
from exporter.sources.http_transport import system_tls_context, unused_tls_context
from tests.servers.fixtures import started
from tests.servers.ports import free_port
from tests.servers.processes import Server

ROOT = Path(__file__).parents[2]
ABSENT = """
import sys
import exporter.__main__
exporter.__main__.serve = lambda *_: None
exporter.__main__.main()
import httpcore2
found = {name.partition(".")[0] for name, module in sys.modules.items() if module}
unused = found & {"trio", "opentelemetry", "python_multipart", "multipart"}
assert not unused, f"{unused} were imported"
"""

NO_COUNTRY = """
import sys
from exporter.settings_load import load_settings
from exporter.sources.prometheus.source import PrometheusSource
settings = load_settings()
PrometheusSource(settings.anomalies, settings.limits)
assert "holidays" not in sys.modules, "holidays was imported"
"""

NO_POSTGRESQL = """
import sys
import exporter.app
from exporter.sources.database.sqlite_driver import SqliteDriver
assert "psycopg" not in sys.modules, "psycopg was imported"
"""


def test_no_postgresql_no_driver_of_it() -> None:
    subprocess.run([sys.executable, "-c", NO_POSTGRESQL], check=True, cwd=ROOT)


def test_no_country_no_calendars() -> None:
    subprocess.run([sys.executable, "-c", NO_COUNTRY], check=True, cwd=ROOT)


def test_what_only_others_need_of_libraries_is_left_out() -> None:
    subprocess.run([sys.executable, "-c", ABSENT], check=True, cwd=ROOT)


def test_no_client_of_ours_trusts_everybody() -> None:
    assert system_tls_context() is system_tls_context()
    assert {it.verify_mode for it in (system_tls_context(), unused_tls_context())} == {CERT_REQUIRED}
    assert unused_tls_context().get_ca_certs() == []


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


def test_freed_memory_is_returned_where_the_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = list[int]()
    for trim in (None, kept.append):
        monkeypatch.setattr(memory, "malloc_trim", lambda trim=trim: trim)
        memory.collect_garbage()
    assert kept == [0]


def test_the_c_library_of_most_machines_can() -> None:
    assert (memory.malloc_trim() is not None) == (platform.libc_ver()[0] == "glibc")
