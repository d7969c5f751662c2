"""The cache: what is in it, clear a part of it."""

from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, ConfigDict, Field

from ingestion_api.access.bearer import Operator
from ingestion_api.cache import require_cache
from ingestion_api.cache_clear import clear as clear_keys
from ingestion_api.cache_clear import dry_run
from ingestion_api.routes.examples import CACHE, CLEARED, with_example
from ingestion_api.routes.schemas import ApiResponse, error_responses
from ingestion_api.service import current_service
from ingestion_api.web.json_route import JsonRoute

router = APIRouter(prefix="/api/v1/cache", tags=["cache"], route_class=JsonRoute)


class CacheStatisticsOut(ApiResponse):
    """What is in the cache."""

    model_config = with_example(CACHE)

    keys: int
    memory_bytes: int
    hits: int
    misses: int
    hit_ratio: float | None
    evicted: int
    expired: int
    groups: dict[str, int] = Field(description="Keys by prefix.")
    sampled: int = Field(description="How many keys the groups were counted over.")


class ClearRequest(BaseModel):
    """Which keys to remove; first as a dry run."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"prefix": "embedding:"}]}
    )

    prefix: str = Field(min_length=2, max_length=200, pattern=r"^[\x21-\x7e]+$")
    dry_run: bool = True
    confirmation: str | None = Field(
        default=None, max_length=200, pattern=r"^[0-9a-f.]*$", description="What the dry run answered."
    )


class ClearOut(ApiResponse):
    """How many keys were found, or removed."""

    model_config = with_example(CLEARED)

    prefix: str
    dry_run: bool
    keys: int
    whole: bool = Field(description="False when time ran out before the end; ask again.")
    confirmation: str | None = Field(description="Send it with dry_run false within ten minutes.")


@router.get("", responses=error_responses(401, 429, 503), summary="Cache statistics")
def statistics(request: Request, _actor: Operator) -> CacheStatisticsOut:
    """Keys, memory, hits and misses, and the keys by prefix."""
    found = require_cache(current_service(request).cache).statistics()
    return CacheStatisticsOut(
        keys=found.keys,
        memory_bytes=found.memory_bytes,
        hits=found.hits,
        misses=found.misses,
        hit_ratio=found.hit_ratio,
        evicted=found.evicted,
        expired=found.expired,
        groups=dict(found.groups),
        sampled=found.sampled,
    )


@router.post(
    "/clear", responses=error_responses(400, 401, 409, 413, 422, 429, 503), summary="Clear keys by prefix"
)
def clear(request: Request, actor: Operator, wanted: Annotated[ClearRequest, Body()]) -> ClearOut:
    """Count first; then, with the confirmation, remove. Protected prefixes are never touched."""
    service = current_service(request)
    if wanted.dry_run:
        trial = dry_run(service, wanted.prefix)
        found, confirmation = trial.found, trial.confirmation
    else:
        found, confirmation = clear_keys(service, wanted.prefix, wanted.confirmation or "", actor), None
    return ClearOut(
        prefix=wanted.prefix,
        dry_run=wanted.dry_run,
        keys=found.keys,
        whole=found.whole,
        confirmation=confirmation,
    )
