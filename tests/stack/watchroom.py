"""`make run` as a process: on free ports, in a folder of the test, and marked, so that none of it hides."""

import json
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stack.settings import ROOT
from tests.servers.ports import free_port
from tests.servers.processes import Server, state

PORTS = (
    "DEMO_PORT", "DEMO_CONTROL_PORT", "DEMO_REDIS_PORT", "EXPORTER_PORT", "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT", "GRAFANA_PORT", "SERVICE_PORT", "DEMO_GIT_PORT",
)  # fmt: skip
# the settings of a target system: unset, unless the test sets them
TARGET_SETTINGS = (
    "BACKEND_URL", "BACKEND_TOKEN", "BACKEND_TOKEN_FILE", "DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL",
    "CELERY_RESULT_BACKEND", "INGESTION_REDIS_URL", "SERVICE_URL", "SERVICE_BROKER_URL", "SERVICE_TOKEN",
    "SERVICE_TOKEN_FILE", "SERVICE_RESOURCES_URL", "SERVICE_CACHE_URL", "SERVICE_TRUSTED_HOSTS",
    "SERVICE_DATABASE_URL", "SERVICE_WEBHOOK_TOKEN", "OPS_MODULES",
)  # fmt: skip


class Watchroom(Server):
    """The whole of it; `ready` is the table."""

    def __init__(self, folder: Path, command: Sequence[str], given: Mapping[str, str]) -> None:
        self.mark = uuid.uuid4().hex
        self.run_dir = folder / "run"
        self.ports = {name: free_port() for name in PORTS}
        super().__init__(
            command,
            folder / f"terminal-{self.mark}",
            ready=lambda: "Ctrl-C stops everything." in self.output(),
            within=60.0,
            env={
                **{name: str(number) for name, number in self.ports.items()},
                "RUN_DIR": str(self.run_dir),
                "WATCHROOM_TEST": self.mark,
                # one that is not installed would be downloaded
                "GRAFANA": "no",
                # a proxy that refuses connections, so that a request through it fails
                **dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9"),
                **given,
            },
            cwd=ROOT,
        )
        for name in set(TARGET_SETTINGS) - set(given):
            self.env.pop(name, None)

    def address(self, setting: str, path: str = "") -> str:
        """The address at the port of this setting."""
        return f"http://127.0.0.1:{self.ports[setting]}{path}"

    def read(self, setting: str, path: str) -> str:
        """The body at this path."""
        with urllib.request.urlopen(self.address(setting, path), timeout=5) as response:  # noqa: S310 - ours
            return str(response.read().decode())

    def get(self, setting: str, path: str) -> Any:
        """The JSON at this path."""
        return json.loads(self.read(setting, path))

    def targets(self) -> dict[str, str]:
        """The health of every job that Prometheus scrapes: up, down or unknown."""
        found = self.get("PROMETHEUS_PORT", "/api/v1/targets")["data"]["activeTargets"]
        return {it["labels"]["job"]: it["health"] for it in found}

    def ended(self) -> int | None:
        """The exit status, once ended."""
        return self._process.poll() if self._process else None

    def left(self) -> list[int]:
        """Every process of this run that lives."""
        pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
        return [pid for pid in pids if self._carries(pid) and state(pid) not in "ZX"]

    def _carries(self, pid: int) -> bool:
        try:
            return f"WATCHROOM_TEST={self.mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
