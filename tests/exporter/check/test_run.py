"""`python -m exporter --check` as a person runs it."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from exporter.check.finding import Finding, FindingState, ReportSection
from exporter.check.report import render_sections
from tests.exporter.backend_double import BackendDouble
from tests.exporter.replay import replay
from tests.exporter.second_line_routes import document

ROOT = Path(__file__).parents[3]
ANSWERS = Path(__file__).parents[1] / "answers"
COMMAND = [sys.executable, "-m", "exporter", "--check"]
SECRETS = ("a-token-of-ours", "a-word-of-theirs", "another-word")


@pytest.fixture
def given(backend: BackendDouble) -> dict[str, str]:
    """The environment of somebody who watches a backend of the second line; the rest is away."""
    replay(backend, ANSWERS / "second_line")
    backend.says("/openapi.json", document())
    return {
        "BACKEND_URL": backend.url,
        "BACKEND_TOKEN": "a-token-of-ours",
        "DATABASE_URL": "postgresql+psycopg://reader:a-word-of-theirs@127.0.0.1:1/app",
        "REDIS_URL": "redis://reader:another-word@127.0.0.1:1/2",
    }


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """This process' own, without what names a system to watch."""
    own = {k: v for k, v in os.environ.items() if not k.endswith(("_URL", "_BACKEND")) and k[:4] != "OPS_"}
    return {**own, **given}


def checked(given: Mapping[str, str], columns: int = 80) -> "subprocess.CompletedProcess[str]":
    """The command, in a window of so many columns."""
    env = {**environment(given), "COLUMNS": str(columns)}
    return subprocess.run(COMMAND, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("columns", [80, 120])
def test_it_prints_a_table_that_fits_without_colours_or_secrets(given: dict[str, str], columns: int) -> None:
    done = checked(given, columns)
    assert (done.returncode, done.stderr) == (1, "")
    report, _, block = done.stdout.partition("PROPOSED MODULES")
    assert max(map(len, report.splitlines())) <= columns
    assert "\x1b" not in done.stdout
    assert not any(secret in done.stdout for secret in SECRETS)
    for heading in ("BACKEND  ", "MODULES", "DATABASE  postgresql://127.0.0.1:1/app", "COST A MINUTE"):
        assert heading in report
    assert "  NOT SEEN   connection" in report
    assert re.search(r"^  backend +\d+ requests that take \d", report, re.MULTILINE)
    assert "\nmodules:\n  - name: annotations\n" in block
    assert re.search(r"Checked in [\d.]+ s: \d+ configured things cannot be seen", done.stdout)


def test_at_a_terminal_it_is_coloured(given: dict[str, str]) -> None:
    reader, terminal = os.openpty()
    env = {k: v for k, v in environment(given).items() if k != "NO_COLOR"}
    process = subprocess.Popen(COMMAND, cwd=ROOT, env=env, stdout=terminal, stderr=subprocess.DEVNULL)
    os.close(terminal)
    written = b""
    try:
        while part := os.read(reader, 65_536):
            written += part
    except OSError:
        pass  # how a terminal says that nobody writes to it any more
    finally:
        os.close(reader)
    assert process.wait(30) == 1
    assert b"\x1b[31;1mNOT SEEN" in written


def test_the_exit_status_says_whether_all_is_seen(backend: BackendDouble) -> None:
    replay(backend, ANSWERS / "ordinary")
    for path in ("/user-engagement", "/recommendation-quality"):
        backend.monitoring(path, {"status": "ok"})
    backend.says("/openapi.json", "", 404)
    done = checked({"BACKEND_URL": backend.url, "BACKEND_TOKEN": "a-token-of-ours"})
    assert (done.returncode, "all that is configured can be seen" in done.stdout) == (0, True), done.stdout
    assert "Set DATABASE_URL to see tables" in done.stdout
    wrong = checked({"BACKEND_URL": backend.url, "OPS_CELERY__TASKS": "0"})
    said = "celery.tasks is '0'; expected greater than or equal to 1\n"
    assert (wrong.returncode, wrong.stdout, wrong.stderr) == (2, "", said)


def test_long_words_and_narrow_windows_break_no_column() -> None:
    long = Finding("a name of several words", FindingState.HIDDEN, "x" * 300, f"Grant {'y' * 200} to it.")
    lines = render_sections(
        [ReportSection("source", "redis://there", (long,))], 10, coloured=False
    ).splitlines()
    assert max(map(len, lines)) <= 60
    assert "".join(lines).count("x") == 300
