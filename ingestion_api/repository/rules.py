"""What an operator allows: which URLs, and how much of a repository."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Resolver = Callable[[str, int], list[str]]


def system_addresses(host: str, port: int) -> list[str]:
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
    resolve: Resolver = field(default=system_addresses, compare=False)
    connect_seconds: float = 10.0


@dataclass(frozen=True)
class CloneLimits:
    """How long a clone may take and how much it may bring."""

    seconds: float = 300.0
    total_bytes: int = 500 * 1024 * 1024
    files: int = 20_000
    file_bytes: int = 1024 * 1024
