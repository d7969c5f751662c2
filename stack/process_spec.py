"""One process of the stack: how it starts, when it is ready, and how a person reaches it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Port:
    """A port that must be free, and the setting that moves it."""

    number: int
    setting: str
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class ProcessSpec:
    """A process that `make run` starts."""

    name: str
    command: tuple[str, ...]
    ready_url: str  # http://, responds with 2xx once ready; or tcp://host:port, accepts connections
    url: str
    description: str
    ports: tuple[Port, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    wait_for: tuple[str, ...] = ()  # URLs that must respond before the command starts
    health_url: str = ""  # http://, names the missing dependency while the process runs degraded
    settle_seconds: float = 3.0  # how long a process may be degraded before it is reported
    optional: bool = False  # its end stops no other process
    awaited: bool = True  # whether the summary waits until it is ready
    status_file: Path | None = None  # holds one sentence while an optional process is not ready
