"""A host of hostile repositories."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ingestion_api.git_server import GitServer
from tests.ingestion_api.hostile import HostileRepository


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where clones go."""
    return tmp_path / "scratch"


@pytest.fixture
def hostile(git: GitServer) -> Callable[[str], HostileRepository]:
    """A function that makes a repository on the host."""
    return lambda name: HostileRepository(git.root / name)
