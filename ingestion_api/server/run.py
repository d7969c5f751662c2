"""Run the application behind uvicorn, within the service's limits."""

import logging
import resource
from functools import partial
from typing import Any, cast

import uvicorn
from uvicorn.config import HTTPProtocolType

from ingestion_api.networks import NetworkList
from ingestion_api.server.connections import ConnectionLimiter
from ingestion_api.server.interpreter import tune_interpreter
from ingestion_api.server.protocol import BoundedProtocol, ProtocolTimeouts
from ingestion_api.settings import Settings

BACKLOG = 256  # connections that are taken from the system at once, before any of them is counted
RESERVED_FILES = 256  # descriptors for databases, Redis, files and logs
MAX_FILES = 65_536
SHUTDOWN_TIMEOUT = 15  # seconds for the requests that are under way when the service is stopped


def run(app: Any, settings: Settings) -> None:
    """Serve until stopped."""
    logging.getLogger("uvicorn.error").addFilter(_is_logged)
    tune_interpreter()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        http=cast("HTTPProtocolType", protocol(settings)),
        ws="none",
        log_config=None,
        access_log=settings.log_level == "debug",
        server_header=False,
        # our own middleware believes them, and only what can be an address
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
    )


def _is_logged(record: logging.LogRecord) -> bool:
    # anybody could fill the disk with these
    return record.msg != "Invalid HTTP request received."


def protocol(settings: Settings) -> partial[BoundedProtocol]:
    """What makes a protocol for each connection; all of them are counted together."""
    connections = ConnectionLimiter(
        min(settings.connections, _connection_ceiling()),
        settings.connections_per_address,
        NetworkList(settings.proxies),
    )
    patience = ProtocolTimeouts(settings.head_seconds, settings.body_seconds, settings.answer_seconds)
    return partial(BoundedProtocol, connections, patience)


def _connection_ceiling() -> int:
    """How many connections the process may have open files for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(16, (MAX_FILES if soft == resource.RLIM_INFINITY else soft) - BACKLOG - RESERVED_FILES)
