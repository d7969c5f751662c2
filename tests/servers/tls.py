"""Certificates of tests, and a Redis that speaks TLS and nothing else."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.processes import Server

NEW = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"


@dataclass(frozen=True)
class Certificate:
    """A certificate that signs itself, and its key."""

    file: Path
    key: Path


def certificate(folder: Path, address: str = "127.0.0.1") -> Certificate:
    """One for this address."""
    made = Certificate(folder / f"{address}.pem", folder / f"{address}.key")
    names = ("-subj", f"/CN={address}", "-addext", f"subjectAltName=IP:{address}")
    command = [*NEW.split(), *names, "-out", str(made.file), "-keyout", str(made.key)]
    subprocess.run(command, check=True, capture_output=True)
    return made


class TlsRedis(Server):
    """redis-server behind TLS on a free port."""

    def __init__(self, folder: Path, shows: Certificate) -> None:
        self.port = free_port()
        super().__init__(
            [
                "redis-server", "--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1",
                "--tls-cert-file", str(shows.file), "--tls-key-file", str(shows.key),
                "--tls-ca-cert-file", str(shows.file), "--tls-auth-clients", "no",
                "--save", "", "--dir", str(folder),
            ],
            folder / "redis-tls.log",
            ready=lambda: "Ready to accept connections" in self.output(),
        )  # fmt: skip


class SentinelServer(Server):
    """redis-sentinel that watches one server under one name."""

    def __init__(self, folder: Path, name: str, watched: int) -> None:
        self.port = free_port()
        file = folder / "sentinel.conf"
        file.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {folder}\nsentinel monitor {name} 127.0.0.1 {watched} 1\n"
        )
        super().__init__(
            ["redis-server", str(file), "--sentinel"],
            folder / "sentinel.log",
            ready=lambda: "+monitor" in self.output(),
        )
