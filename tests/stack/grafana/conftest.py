"""Throw-away keys, and repositories that they sign."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack.grafana.repository import Repository, read_repository
from tests.stack.grafana.repository import FileServer, SignedRepository, Signer, serve


@contextmanager
def no_key_yet() -> Iterator[Signer]:
    """A folder for a key; its agent, which GnuPG leaves running, ends with it."""
    # the agent's socket has no room for the long paths of tests
    folder = Path(tempfile.mkdtemp(prefix="keys-"))
    try:
        yield Signer(folder)
    finally:
        subprocess.run(["gpgconf", "--homedir", str(folder), "--kill", "gpg-agent"], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def signers() -> Iterator[Signer]:
    """A key."""
    with no_key_yet() as signer:
        signer.make()
        yield signer


signer = pytest.fixture(signers, scope="session", name="signer")
stranger = pytest.fixture(signers, scope="session", name="stranger")


@pytest.fixture
def repository(tmp_path: Path, signer: Signer) -> SignedRepository:
    """A repository in a folder whose name holds a space."""
    folder = tmp_path / "a repository"
    folder.mkdir()
    return SignedRepository(folder, signer)


@pytest.fixture
def server(repository: SignedRepository) -> Iterator[FileServer]:
    """The repository on an address."""
    with serve(repository.root) as found:
        yield found


@pytest.fixture
def wanted(repository: SignedRepository, server: FileServer, tmp_path: Path) -> Repository:
    """The repository as a run reads it."""
    return read_repository(repository.described(tmp_path / "repository.yml", server.url))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache whose path holds a space."""
    return tmp_path / "a cache" / "grafana"
