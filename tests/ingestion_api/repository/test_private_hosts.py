"""What a git host says to git itself leads it to no other host."""

import socket
from pathlib import Path

import pytest

from ingestion_api.repository import RepositoryUnreachable
from tests.ingestion_api.git_server import serving, write_repository
from tests.ingestion_api.luring_git_server import LuringGitServer
from tests.ingestion_api.repository.clones import refusal, trusting


def test_a_host_cannot_send_git_to_another_one_for_a_part_of_the_pack(tmp_path: Path, scratch: Path) -> None:
    repository = write_repository(tmp_path / "lamp", {"README.md": "words"})
    with socket.create_server(("127.0.0.2", 0)) as private:
        private.settimeout(0)
        lure = f"http://127.0.0.2:{private.getsockname()[1]}/secret"
        with serving(LuringGitServer(repository, lure)) as host:
            error = refusal(f"{host.origin}/lamp", trusting(host.origin), scratch)
        assert isinstance(error, RepositoryUnreachable)
        with pytest.raises(BlockingIOError):
            private.accept()
