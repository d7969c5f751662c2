"""One API process: `python -m demo.api [socket file descriptor]`."""

import socket
import sys

import uvicorn

from demo.api.app import make_app, make_backend
from demo.api.fault_middleware import closing_protocol
from demo.logs import start_logging
from demo.secret_files import jwt_secret, service_token
from demo.settings import read_settings


def main() -> None:
    """Serve on the socket handed over by the supervisor, or on one of its own."""
    settings = read_settings()
    start_logging("api", settings.log_level)
    backend = make_backend(settings, service_token(settings), jwt_secret(settings))
    config = uvicorn.Config(
        make_app(backend), http=closing_protocol(backend.faults), host=settings.host, port=settings.port,
        log_config=None, access_log=False, log_level="warning", timeout_graceful_shutdown=1, lifespan="on",
    )  # fmt: skip
    shared = [socket.socket(fileno=int(sys.argv[1]))] if len(sys.argv) > 1 else None
    uvicorn.Server(config).run(sockets=shared)


if __name__ == "__main__":
    main()
