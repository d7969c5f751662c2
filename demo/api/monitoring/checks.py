"""Checks of dependencies, in a thread with a short timeout, so that the event loop never blocks."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from redis import RedisError
from sqlalchemy import Engine, Table, select
from sqlalchemy.exc import SQLAlchemyError

from demo.api.backend import Backend
from demo.api.loaded_models import ModelUnavailable
from demo.logs import short_error
from demo.storage import tables
from demo.storage.engine import PROBE
from demo.storage.tables import resources

CHECK_TIMEOUT = 1.5
MAX_ERROR_RATIO = 0.05
MIN_RESPONSES = 5
TABLE_OF_MODULE: dict[str, Table] = {
    "annotations": tables.annotations, "auth": tables.users, "authority": tables.authority_subjects,
    "collections": tables.collections, "curation": tables.curation_reviews, "graph": tables.graph_edges,
    "monitoring": tables.users, "quality": resources, "recommendations": tables.recommendation_feedback,
    "resources": resources, "scholarly": tables.citations, "search": resources,
    "taxonomy": tables.taxonomy_nodes,
}  # fmt: skip
Answer = TypeVar("Answer")


async def run_in_time(ask: Callable[[], Answer], seconds: float = CHECK_TIMEOUT) -> Answer:
    """Run a blocking call in a thread; raises TimeoutError after some seconds."""
    return await asyncio.wait_for(asyncio.to_thread(ask), seconds)


async def database_error(backend: Backend) -> str | None:
    """Why the database does not respond, or None if it does."""
    return await _error_of(lambda: _ask(backend.engine))


async def table_error(backend: Backend, module: str) -> str | None:
    """Why a module's own table cannot be read, or None if it can."""
    return await _error_of(lambda: _read_a_row(backend.engine, TABLE_OF_MODULE[module]))


async def redis_error(backend: Backend) -> str | None:
    """Why Redis does not respond, or None if it does."""
    return await _error_of(backend.cache.ping)


async def workers(backend: Backend) -> list[str] | str:
    """Names of the workers that respond, or why the inspection failed."""
    try:
        return await run_in_time(backend.inspector.ping, 3)
    except TimeoutError:
        return "no answer within 3 s"
    except OSError as error:
        return short_error(error)
    except Exception as error:  # noqa: BLE001  kombu raises errors of every transport
        return short_error(error)


async def module_health(backend: Backend, module: str) -> tuple[str, str]:
    """Status and reason of a module: its table, its recent answers, its model."""
    error = await table_error(backend, module)
    if error:
        return "unhealthy", f"Database connection failed: {error}"
    share = backend.recent.share(module)
    if share.responses >= MIN_RESPONSES and share.ratio > MAX_ERROR_RATIO:
        return "degraded", f"{share.errors} of {share.responses} answers failed in the last minute"
    missing = await _missing_model(backend, module)
    if missing:
        return "degraded", missing
    return "healthy", "Module operational"


async def _missing_model(backend: Backend, module: str) -> str | None:
    loaders: dict[str, Callable[[], Any]] = {
        "recommendations": backend.models.factors,
        "taxonomy": backend.models.classifier,
    }
    load = loaders.get(module)
    return await _error_of(load) if load else None


async def _error_of(ask: Callable[[], object]) -> str | None:
    try:
        await run_in_time(ask)
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT} s"
    except (SQLAlchemyError, RedisError, OSError, ModelUnavailable) as error:
        return short_error(error)
    return None


def _ask(engine: Engine) -> None:
    with engine.connect() as db:
        db.execute(PROBE)


def _read_a_row(engine: Engine, table: Table) -> None:
    with engine.connect() as db:
        db.execute(select(table).limit(1)).first()
