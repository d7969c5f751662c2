"""The cache: what is in it, and clearing a part of it in two steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from redis.exceptions import RedisError

from ingestion_api.cache import Cache, CacheStatistics, require_cache
from ingestion_api.cache_clear import clear, dry_run
from ingestion_api.errors import BadRequest, Conflict, ServiceError
from ingestion_api.pages.csrf import verify_csrf
from ingestion_api.pages.page_route import PageRoute
from ingestion_api.pages.session import Operator
from ingestion_api.pages.templates import number, render_page, size
from ingestion_api.service import Service, current_service

router = APIRouter(route_class=PageRoute, include_in_schema=False)
LONGEST_PREFIX = 200
CACHE_UNAVAILABLE = "The cache does not answer; nothing is known of its keys."


@dataclass(frozen=True)
class StatTile:
    """One number with its name."""

    name: str
    value: str


@dataclass(frozen=True)
class KeyGroup:
    """Keys that begin alike."""

    prefix: str
    number: int
    clearable: bool


@router.get("/cache")
def show(request: Request, _: Operator, prefix: str = "") -> Response:
    """Show the statistics, and the form filled in with what a link brought."""
    return _show(request, prefix=prefix[:LONGEST_PREFIX])


@router.post("/cache/dry-run", dependencies=[verify_csrf])
def count_keys(request: Request, _: Operator, prefix: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Count what a clear would delete, and ask."""
    try:
        _check_prefix(prefix)
        trial = dry_run(current_service(request), prefix)
    except BadRequest as problem:
        return _show(request, problem.status, prefix=prefix, problem=problem.detail)
    return _show(request, prefix=prefix, trial=trial)


@router.post("/cache/clear", dependencies=[verify_csrf])
def delete(
    request: Request,
    actor: Operator,
    prefix: Annotated[str, Form(max_length=LONGEST_PREFIX)] = "",
    confirmation: Annotated[str, Form(max_length=200)] = "",
    sure: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Delete the keys that were counted before."""
    if sure != "yes":
        return _show(request, 400, prefix=prefix, problem="Nothing was deleted: say that you are sure.")
    try:
        cleared = clear(current_service(request), prefix, confirmation, actor)
    except Conflict as problem:
        return _show(request, problem.status, prefix=prefix, problem=problem.detail)
    return _show(request, cleared=cleared, cleared_prefix=prefix)


def _check_prefix(prefix: str) -> None:
    if (
        not 2 <= len(prefix) <= LONGEST_PREFIX
        or not prefix.isascii()
        or not prefix.isprintable()
        or " " in prefix
    ):
        raise BadRequest("Enter a prefix of 2 to 200 letters, digits and signs, without spaces.")


def _show(request: Request, status: int = 200, **values: Any) -> Response:
    service = current_service(request)
    found, away = _statistics(service)
    shown = {"prefix": "", "problem": "", "trial": None, "cleared": None, "cleared_prefix": "", **values}
    return render_page(
        request,
        "cache.html",
        status,
        statistics=found,
        tiles=list(_tiles(found)) if found else [],
        groups=list(_groups(service, found)) if found else [],
        protected=service.settings.cache_protected,
        away=away,
        **shown,
    )


def _statistics(service: Service) -> tuple[CacheStatistics | None, str]:
    try:
        cache: Cache = require_cache(service.cache)
        return cache.statistics(), ""
    except RedisError:
        return None, CACHE_UNAVAILABLE
    except ServiceError as problem:
        return None, problem.detail


def _tiles(found: CacheStatistics) -> Iterator[StatTile]:
    ratio = found.hit_ratio
    yield StatTile("Keys", number(found.keys))
    yield StatTile("Hit ratio", "unknown" if ratio is None else f"{100 * ratio:.1f} %")
    yield StatTile("Memory", size(found.memory_bytes))
    yield StatTile("Expired", number(found.expired))
    yield StatTile("Evicted", number(found.evicted))


def _groups(service: Service, found: CacheStatistics) -> Iterator[KeyGroup]:
    kept = service.settings.cache_protected
    for prefix, keys in found.groups.items():
        yield KeyGroup(prefix, keys, prefix.endswith(":") and not prefix.startswith(kept))
