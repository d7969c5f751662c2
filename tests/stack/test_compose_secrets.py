"""The service accepts the tokens that `make compose-secrets` makes."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ingestion_api.access.tokens import operator_token
from ingestion_api.settings import Settings as ServiceSettings
from stack.settings import ROOT


def is_accepted(file: Path) -> bool:
    return operator_token(ServiceSettings(token_file=file)).matches(file.read_text().strip())


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script of `make compose-secrets`, in a folder of its own."""
    shutil.copy(ROOT / "stack" / "compose" / "secrets.sh", tmp_path)
    return tmp_path / "secrets.sh"


def test_the_service_accepts_them_and_a_second_run_keeps_them(script: Path) -> None:
    subprocess.run([script], check=True, timeout=30)
    made = {it.name: it.read_text() for it in (script.parent / "secrets").iterdir()}
    assert {"service-token", "webhook-token"} <= made.keys()
    assert not [name for name in made if name.endswith(".new")]
    for name in made:
        assert is_accepted(script.parent / "secrets" / name)
    subprocess.run([script], check=True, timeout=30)
    assert {it.name: it.read_text() for it in (script.parent / "secrets").iterdir()} == made
