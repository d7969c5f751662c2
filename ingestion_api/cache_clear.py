"""Clear keys of the cache in two steps: a count first, then the same prefix with its confirmation."""

import time
from dataclasses import dataclass

from ingestion_api.access.bearer import Actor
from ingestion_api.audit import record_change as audit
from ingestion_api.cache import ClearResult, require_cache
from ingestion_api.errors import Conflict
from ingestion_api.service import Service

VALID_SECONDS = 600
PURPOSE = "clear cache"


@dataclass(frozen=True)
class DryRun:
    """What a clear would remove, and the word that confirms it for some minutes."""

    found: ClearResult
    confirmation: str


def dry_run(service: Service, prefix: str) -> DryRun:
    """Count, and remove nothing."""
    found = require_cache(service.cache).count(prefix)
    return DryRun(found, _confirmation(service, prefix, int(time.time()) + VALID_SECONDS))


def clear(service: Service, prefix: str, confirmation: str, actor: Actor) -> ClearResult:
    """Remove the keys; Conflict without a valid confirmation of a dry run of the same prefix."""
    cache = require_cache(service.cache)
    if not _is_confirmed(service, prefix, confirmation):
        raise Conflict(f"confirmation does not fit prefix {prefix!r} or is too old; do a dry run first.")
    with service.store.write() as session:
        row = audit(session, actor, "clear_cache", prefix, service.clock(), outcome="begun")
        session.flush()
        number = row.id
    cleared = cache.clear(prefix)
    with service.store.write() as session:
        known = session.get_one(type(row), number)
        known.details = {"outcome": "done", "keys": cleared.keys, "whole": cleared.whole}
    return cleared


def _is_confirmed(service: Service, prefix: str, confirmation: str) -> bool:
    until, _, digest = confirmation.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 16) or int(until) < time.time():
        return False
    return service.signer().verify(digest, PURPOSE, f"{until} {prefix}")


def _confirmation(service: Service, prefix: str, until: int) -> str:
    return f"{until}.{service.signer().sign(PURPOSE, f'{until} {prefix}')}"
