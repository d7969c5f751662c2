"""One process of the stack: everything that is said about it, in one place."""

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
    """A process: how it starts, when it counts as ready, and what a person finds there."""

    name: str
    command: tuple[str, ...]
    ready: str  # an address that answers with 2xx, or tcp://host:port that accepts
    url: str
    see: str
    ports: tuple[Port, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()  # addresses that must answer before the command is started
    health: str = ""  # an http:// address that says which dependency is away while the process is ready
    settle_seconds: float = 3.0  # how long such an absence lasts before it is told
    optional: bool = False  # its end stops nothing else
    awaited: bool = True  # whether the table is printed only once it is ready
    status_file: Path | None = None  # holds one sentence while an optional process is not ready
