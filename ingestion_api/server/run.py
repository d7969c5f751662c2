"""Run the application behind uvicorn, within the service's limits."""

import logging
import resource
from functools import partial
from typing import Any, cast

import uvicorn
from uvicorn.config import HTTPProtocolType

from ingestion_api.networks import NetworkList
from ingestion_api.server.connections import Connections
from ingestion_api.server.protocol import BoundedProtocol, Patience
from ingestion_api.settings import Settings

BACKLOG = 256  # connections that are taken from the system at once, before any of them is counted
OWN_FILES = 256  # descriptors for databases, Redis, files and logs
ENOUGH_FILES = 65_536
SHUTDOWN = 15  # seconds for the requests that are under way when the service is stopped


def run(app: Any, settings: Settings) -> None:
    """Serve until stopped."""
    logging.getLogger("uvicorn.error").addFilter(_is_news)
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
        timeout_graceful_shutdown=SHUTDOWN,
    )


def _is_news(record: logging.LogRecord) -> bool:
    # anybody could fill the disk with these
    return record.msg != "Invalid HTTP request received."


def protocol(settings: Settings) -> partial[BoundedProtocol]:
    """What makes a protocol for each connection; all of them are counted together."""
    connections = Connections(
        min(settings.connections, _room()), settings.connections_per_address, NetworkList(settings.proxies)
    )
    patience = Patience(settings.head_seconds, settings.body_seconds, settings.answer_seconds)
    return partial(BoundedProtocol, connections, patience)


def _room() -> int:
    """How many connections the process may have open files for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, ENOUGH_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return max(16, (ENOUGH_FILES if soft == resource.RLIM_INFINITY else soft) - BACKLOG - OWN_FILES)
