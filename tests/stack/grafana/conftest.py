"""Throw-away keys, and repositories that they sign."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.grafana.repository import FileServer, SignedRepository, Signer, serve


def signers() -> Iterator[Signer]:
    """A key; its agent, which GnuPG leaves running, ends with it."""
    # the agent's socket has no room for the long paths of tests
    folder = Path(tempfile.mkdtemp(prefix="keys-"))
    signer = Signer(folder)
    signer.make()
    yield signer
    subprocess.run(["gpgconf", "--homedir", str(folder), "--kill", "gpg-agent"], check=False)
    shutil.rmtree(folder, ignore_errors=True)


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
