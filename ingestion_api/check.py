"""`python -m ingestion_api --check`: open what the service and its workers open, and report errors."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from redis.exceptions import RedisError
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from connections.faults import describe_fault, describe_url_fault
from connections.redis_clients import blocking_client, explain_error_blocking
from connections.redis_url import RedisUrl, parse_redis_url
from ingestion_api.broker import Broker
from ingestion_api.errors import Unavailable
from ingestion_api.settings import Settings
from ingestion_api.store.engine import open_backend_engine, open_engine

TIMEOUTS = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0}
NO_QUEUE = "none, so no jobs are taken; everything else works"
Check = tuple[str, Callable[[], str | None]]  # a setting, and a function that returns its error


def check_report(settings: Settings) -> tuple[str, bool]:
    """Return a line for each such setting, and whether all could be opened."""
    results = [(name, attempt()) for name, attempt in checks(settings)]
    lines = [f"{name}: {wrong or 'ok'}" for name, wrong in results]
    if settings.broker_url is None:
        lines.append(f"broker_url: {NO_QUEUE}")
    return "\n".join(lines), not any(wrong for _, wrong in results)


def checks(settings: Settings) -> Iterator[Check]:
    """Yield the checks of the settings that are set."""
    yield "database_url", lambda: check_own_database(settings.database)
    if (resources := settings.resources_url) is not None:
        yield "resources_url", lambda: check_resources_database(resources.get_secret_value())
    if settings.broker_url is not None:
        yield "broker_url", lambda: check_broker(settings)
    for name, url in (("edge_url", settings.edge_url), ("cache_url", settings.cache_url)):
        if url is not None:
            yield name, lambda url=url: check_redis(parse_redis_url(url.get_secret_value()))  # type: ignore[misc]  # bound now


def check_broker(settings: Settings) -> str | None:
    """Return the error of the queue's broker, opened as Redis and by Celery."""
    opened = Broker.at(settings)
    try:
        opened.check()
        opened.check_publishing()
    except Unavailable as error:
        return error.detail
    except Exception as error:  # noqa: BLE001 - kombu raises what its transports raise
        return f"Celery cannot publish to it: {describe_fault(error) or type(error).__name__}"
    finally:
        opened.close()
    return None


def check_redis(url: RedisUrl) -> str | None:
    """Return the error of a Redis."""
    client = blocking_client(url, **TIMEOUTS)
    try:
        client.ping()
    except RedisError as error:
        return f"Redis {describe_fault(explain_error_blocking(error, url)) or 'does not answer'}"
    finally:
        client.close()
    return None


def check_own_database(url: str) -> str | None:
    """Return the error of the service's own database; a missing file will be created."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        return check_missing_file(Path(address.database or ""))
    return check_database(open_engine(url))


def check_resources_database(url: str) -> str | None:
    """Return the error of the backend's database; its file is never created."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        return f"there is no file {address.database}"
    return check_database(open_backend_engine(url))


def check_missing_file(file: Path) -> str | None:
    """Return why this file cannot be created; None when it can."""
    folder = next(it for it in file.absolute().parents if it.exists())
    return None if folder.is_dir() and os.access(folder, os.W_OK) else f"{file} cannot be made in {folder}"


def check_database(engine: Engine) -> str | None:
    """Return the error of a database that exists."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        kind = "the file cannot be opened" if engine.dialect.name == "sqlite" else "it does not answer"
        reason = describe_url_fault(str(error))
        return f"the database {reason}" if reason else kind
    finally:
        engine.dispose()
    return None
