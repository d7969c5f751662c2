"""Ports that no other test process of this machine can be given at the same time."""

import random
import socket

# below the range from which the kernel takes ports for outgoing connections
FIRST, LAST = 20_000, 32_000

_claims: list[socket.socket] = []


def free_port() -> int:
    """A free TCP port of 127.0.0.1 that stays ours until this process ends."""
    for port in random.sample(range(FIRST, LAST), k=LAST - FIRST):
        if _claim(port) and _bindable(port):
            return port
    raise RuntimeError(f"no free port between {FIRST} and {LAST}; expected at least one")


def _claim(port: int) -> bool:
    # an abstract Unix socket is known to the whole machine and vanishes with its process, so two
    # pytest workers never choose the same port, even before either has started a server on it
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        claim.bind(f"\0watchroom-test-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
