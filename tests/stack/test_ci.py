"""CI runs `make test` in a copy whose folder's name holds a space, without a locale; the copy goes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stack.settings import ROOT

MAKE = """#!/bin/sh
echo "make $* in $PWD with ${LANG-no LANG} and ${LC_ALL-no LC_ALL}"
ls -A
echo "the closing line"
exit "$STATUS"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what a set-up has made in it."""
    it = tmp_path / "checkout"
    for folder in (".ci", ".git", ".venv", ".run", ".mypy_cache", "demo/__pycache__", "tests/node_modules"):
        (it / folder).mkdir(parents=True)
        (it / folder / "file").touch()
    shutil.copy(ROOT / ".ci" / "run", it / ".ci" / "run")
    (it / "not committed.py").touch()
    return it


@pytest.fixture
def run(checkout: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """What came of a run whose tests fail, started elsewhere."""
    for folder in ("programs", "temporary", "elsewhere"):
        (tmp_path / folder).mkdir()
    (tmp_path / "programs" / "make").write_text(MAKE)
    (tmp_path / "programs" / "make").chmod(0o755)
    env = {
        **os.environ,
        "PATH": f"{tmp_path / 'programs'}:{os.environ['PATH']}",
        "TMPDIR": str(tmp_path / "temporary"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "STATUS": "2",
    }
    return subprocess.run(
        [checkout / ".ci" / "run"],
        cwd=tmp_path / "elsewhere", env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_it_fails_as_the_tests_do_and_prints_their_closing_lines(
    run: subprocess.CompletedProcess[str],
) -> None:
    assert run.returncode == 2
    assert run.stdout.endswith("the closing line\n")


def test_the_tests_run_in_a_copy_of_the_checkout(run: subprocess.CompletedProcess[str]) -> None:
    called, *files, _ = run.stdout.splitlines()
    assert called.startswith("make test in ")
    assert " " in Path(called.removeprefix("make test in ").split(" with ")[0]).name
    assert called.endswith(" with no LANG and no LC_ALL")
    assert sorted(files) == [".ci", ".git", "demo", "not committed.py", "tests"]


def test_it_leaves_nothing_behind(run: subprocess.CompletedProcess[str], tmp_path: Path) -> None:
    assert run.returncode == 2
    assert list((tmp_path / "temporary").iterdir()) == list((tmp_path / "elsewhere").iterdir()) == []
