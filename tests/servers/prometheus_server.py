"""A real Prometheus and a real Alertmanager."""

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.servers.ports import free_port
from tests.servers.processes import Server

Config = Mapping[str, Any] | str


class WebServer(Server):
    """A server of the Prometheus family: ready when /-/ready says so."""

    def __init__(self, folder: Path, command: Sequence[str], port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(command, folder / f"{Path(command[0]).name}.log", ready=self._says_ready, cwd=folder)

    def get(self, path: str, **query: str) -> Any:
        """The JSON answer to GET `path`."""
        address = f"{self.url}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - always http, of our own server
            return json.load(answer)

    def _says_ready(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:  # noqa: S310 - as above
            return bool(answer.status == 200)


class PrometheusServer(WebServer):
    """prometheus with a configuration given as text or as a mapping."""

    def __init__(self, folder: Path, config: Config, *flags: str) -> None:
        port = free_port()
        command = [
            "prometheus", f"--config.file={written(folder / 'prometheus.yml', config)}",
            f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
            *flags,
        ]  # fmt: skip
        super().__init__(folder, command, port)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The instant vector of a PromQL expression: [{"metric": {...}, "value": [time, text]}]."""
        answer = self.get("/api/v1/query", query=expression)
        return list(answer["data"]["result"])


class AlertmanagerServer(WebServer):
    """prometheus-alertmanager, alone, with a configuration given as text or as a mapping."""

    def __init__(self, folder: Path, config: Config, *flags: str) -> None:
        port = free_port()
        command = [
            "prometheus-alertmanager", f"--config.file={written(folder / 'alertmanager.yml', config)}",
            f"--storage.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=", *flags,
        ]  # fmt: skip
        super().__init__(folder, command, port)
        self._folder = folder

    def configure(self, config: Config) -> None:
        """Replace the configuration before a start."""
        written(self._folder / "alertmanager.yml", config)


def written(path: Path, config: Config) -> Path:
    """Write a configuration and return where it is."""
    text = config if isinstance(config, str) else yaml.safe_dump(dict(config), sort_keys=False)
    path.write_text(text)
    return path
