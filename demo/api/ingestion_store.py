"""The store behind the ingestion routes: refusing, not configured or with no routes at all, on command."""

import logging
import socket
import time

from fastapi import HTTPException, Request

from demo.api.backend import Backend, TheBackend

log = logging.getLogger(__name__)
PREFIX = "/api/v1/ingestion"
NOT_CONFIGURED = "503: Queue service not configured"
REFUSED = "Queue service unavailable: ConnectionRefusedError: [Errno 111] Connection refused"
PAUSE = 0.5


async def store(request: Request, backend: TheBackend) -> None:
    """Let a request pass while no fault is in its way; raises 404 or 503 otherwise.

    Async on purpose: what it waits for blocks the event loop.
    """
    if "ingestion-missing" in backend.faults:
        raise HTTPException(404, "Not Found")
    refused = backend.faults.get("ingestion-store-refused")
    if refused is not None:
        _retry(refused["seconds"])
    # The health route has a body of its own for this.
    if request.url.path != f"{PREFIX}/health":
        error = store_error(backend)
        if error is not None:
            raise HTTPException(503, error.removeprefix("503: "))


def store_error(backend: Backend) -> str | None:
    """What the health route says of the store, or None while no fault is in force."""
    if "ingestion-not-configured" in backend.faults:
        return NOT_CONFIGURED
    return f"503: {REFUSED}" if "ingestion-store-refused" in backend.faults else None


def _retry(seconds: float) -> None:
    until = time.monotonic() + seconds
    with socket.socket() as closed:
        # Bound and not listening: whoever connects is refused, for certain.
        closed.bind(("127.0.0.1", 0))
        while time.monotonic() < until:
            _connect(closed.getsockname())
            time.sleep(min(PAUSE, max(until - time.monotonic(), 0)))


def _connect(address: tuple[str, int]) -> None:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError as error:
        log.debug("the store refuses: %s", error)
