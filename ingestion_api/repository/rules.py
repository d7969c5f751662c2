"""What an operator allows: which URLs, and how much of a repository."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Resolver = Callable[[str, int], list[str]]


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses that the system's resolver knows for a host, without repeats."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class UrlRules:
    """Which repository URLs are let in.

    `schemes` are open to every public host. `trusted_hosts` ("127.0.0.1:8095", or a host alone for all of
    its ports) may also use http and resolve to any address. `ca_file` is a private certificate authority.
    """

    schemes: frozenset[str] = frozenset({"https"})
    trusted_hosts: frozenset[str] = frozenset()
    ca_file: Path | None = None
    resolve: Resolver = field(default=resolve_host, compare=False)
    connect_seconds: float = 10.0


@dataclass(frozen=True)
class CloneLimits:
    """How long a repository may take, from its look-up to its last row, and how much of it is read.

    `memory_bytes` is the address space of each git process, `free_bytes` what a clone leaves free on the disk
    of the scratch folder. Files deeper than `depth` folders are left out, and those whose path is longer than
    `path_bytes`.
    """

    seconds: float = 300.0
    total_bytes: int = 500 * 1024 * 1024
    files: int = 20_000
    file_bytes: int = 1024 * 1024
    memory_bytes: int = 512 * 1024 * 1024
    free_bytes: int = 64 * 1024 * 1024
    depth: int = 64
    path_bytes: int = 1024
