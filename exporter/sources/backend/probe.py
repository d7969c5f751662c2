"""A module's own health route, read for what it really says: its HTTP status is no sign of health."""

import json
from typing import Any

from exporter.sources.backend.client import HttpResponse
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN, parse_status, worst_status


def probe_status(reply: HttpResponse, slow: float) -> str:
    """What a health route says of its module; an answer slower than `slow` seconds is at best degraded.

    A route that asks for a token we lack, or that does not exist, says nothing of the module.
    """
    if reply.status in (401, 403, 404, 405):
        return UNKNOWN
    said = body_status(reply.body)
    if reply.status >= 500:
        return DOWN
    if reply.status != 200 or said == UNKNOWN:
        return UNKNOWN
    return worst_status((said, DEGRADED)) if reply.seconds > slow else said


def body_status(content: bytes) -> str:
    """What the JSON of a health route says, `{...}` or `[{...}, 503]`; `unknown` for anything else."""
    said, code = parse_probe_body(content)
    if code >= 500:
        return DOWN
    status = parse_status(said.get("status"))
    return (
        UNKNOWN if status == UNKNOWN else worst_status((status, database_flag_status(said.get("database"))))
    )


def database_status(content: bytes) -> str:
    """What a health route says of the database."""
    return database_flag_status(parse_probe_body(content)[0].get("database"))


def parse_probe_body(content: bytes) -> tuple[dict[str, Any], int]:
    """The object in the answer, empty if there is none, and the HTTP status beside it in a list, else 0."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}, 0
    items = value if isinstance(value, list) else [value]
    said, code = (*items[:2], None, None)[:2]
    return said if isinstance(said, dict) else {}, code if isinstance(code, int) else 0


def database_flag_status(database: object) -> str:
    """What a health route says of the database it needs: true, false, or an object with `healthy` in it."""
    flag = database.get("healthy") if isinstance(database, dict) else database
    if not isinstance(flag, bool):
        return UNKNOWN
    return HEALTHY if flag else DOWN
