"""The service and its workers as processes of their own, as an operator runs them."""

import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.servers.celery_worker import CeleryWorker
from tests.servers.ports import free_port
from tests.servers.processes import Server

ROOT = Path(__file__).parents[2]
TOKEN = "the keeper's own word, known to nobody else"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


def environment(run_dir: Path, broker: str, **more: object) -> dict[str, str]:
    """Settings as variables; quick where an operator would be patient."""
    usual = {
        "broker_url": broker,
        "token": TOKEN,
        "trusted_hosts": "127.0.0.1",
        "outbox_period": 0.2,
        "publish_grace": 1.0,
        "lease": 2.0,
        "retry_base": 0.05,
        "heartbeat_period": 0.5,
        **more,
    }
    return {"RUN_DIR": str(run_dir)} | {
        f"SERVICE_{name.upper()}": str(value) for name, value in usual.items()
    }


class ServiceProcess(Server):
    """`python -m ingestion_api` on a free port, ready when it answers."""

    def __init__(self, log: Path, env: Mapping[str, str]) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            [sys.executable, "-m", "ingestion_api"],
            log,
            ready=self._answers_http,
            env={**env, "SERVICE_PORT": str(port), "PYTHONUNBUFFERED": "1"},
            cwd=ROOT,
        )

    def _answers_http(self) -> bool:
        # not httpx2, whose every client loads the certificates of all authorities
        with urllib.request.urlopen(f"{self.url}/-/healthy", timeout=1.0) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)


WORKER_APP = "ingestion_api.celery_worker.app"


def worker(
    folder: Path, env: Mapping[str, str], name: str, processes: int = 1, app: str = WORKER_APP
) -> CeleryWorker:
    """A worker of both queues."""
    return CeleryWorker(
        folder,
        app,
        env,
        *("-Q", "ingestion,embeddings", "--concurrency", str(processes)),
        name=name,
    )
