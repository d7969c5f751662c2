"""A real Celery worker."""

import sys
from collections.abc import Mapping
from pathlib import Path

from tests.servers.processes import Server

ROOT = Path(__file__).parents[2]


class CeleryWorker(Server):
    """`celery -A APP worker` in a process of its own, ready when Celery says so."""

    def __init__(self, folder: Path, app: str, env: Mapping[str, str], *flags: str, name: str) -> None:
        self.name = f"{name}@127.0.0.1"
        command = [
            sys.executable, "-m", "celery", "-A", app, "worker", "-n", self.name, "-c", "1",
            "--loglevel", "INFO", "--without-gossip", "--without-mingle", *flags,
        ]  # fmt: skip
        super().__init__(
            command,
            folder / f"{name}.log",
            ready=lambda: f"{self.name} ready." in self.output(),
            env={"PYTHONUNBUFFERED": "1", **env},
            cwd=ROOT,
        )
