"""The service does not start with a token that would open it to somebody who guesses."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingestion_api.__main__ import main
from tests.ingestion_api.processes import ROOT, environment

WEAK = "expected at least 32 characters, 8 of them different"
GOOD = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUN_DIR", "SERVICE_TOKEN", "SERVICE_TOKEN_FILE", "SERVICE_WEBHOOK_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("webhook", ["", "webhook_"])
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("token: ''", "TOKEN is empty"),
        ("token: short", "TOKEN holds a weak token"),
        ("token: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "TOKEN holds a weak token"),
        ("token_file: {folder}/nowhere", "TOKEN_FILE, {folder}/nowhere, is missing"),
        ("token_file: {folder}/empty", "TOKEN_FILE, {folder}/empty, is empty"),
        ("token_file: {folder}/weak", "TOKEN_FILE, {folder}/weak, holds a weak token"),
        ("token_file: ''", "TOKEN_FILE is empty"),
    ],
)
def test_a_flawed_token_is_one_sentence_and_no_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], webhook: str, line: str, said: str
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "weak").write_text("password")
    config = tmp_path / "service.yml"
    config.write_text(f"run_dir: {tmp_path}\n{webhook}{line.format(folder=tmp_path)}\n")
    for check in ((), ("--check",)):
        assert main([*check, "--config", str(config)]) == 2
        error = capsys.readouterr().err
        assert f"SERVICE_{webhook.upper()}{said.format(folder=tmp_path)}; expected " in error
        assert error.count("\n") == 1
    assert not (tmp_path / "service").exists()


@pytest.mark.parametrize("content", ["", "weak"])
def test_a_made_token_that_was_spoilt_is_no_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file = tmp_path / "service" / "token"
    file.parent.mkdir()
    file.write_text(content)
    (tmp_path / "service.yml").write_text(f"run_dir: {tmp_path}\n")
    assert main(["--config", str(tmp_path / "service.yml")]) == 2
    assert capsys.readouterr().err.startswith(f"the file {file} ")
    assert file.read_text() == content


def test_an_empty_variable_ends_the_process(tmp_path: Path) -> None:
    """It is what a missing secret of a container or a mistyped $(cat ...) leaves."""
    env = environment(tmp_path / "run", "redis://127.0.0.1:1/0", token="")
    command = [sys.executable, "-m", "ingestion_api"]
    ended = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stderr) == (2, f"SERVICE_TOKEN is empty; {WEAK}\n")
