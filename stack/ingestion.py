"""What the ingestion service and its worker are told of this run, and what people are told of the service."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from connections import redis_url
from demo.git.checkout import NAME, repository
from stack.settings import HOST, Settings
from stack.shown import short_path
from stack.table import Row
from stack.target_system import TargetSystem

# beside the backend's own: its broker is 0, its results 1, its cache 2
DATABASE = 4
THRESHOLDS = Path(__file__).parents[1] / "prometheus" / "thresholds.yml"
NO_WORKER_ROW: Row = (
    "service-worker",
    "not started",
    "no Redis is known for its queue, so no jobs are taken: SERVICE_BROKER_URL=redis://host:6379/4 make run",
)


def service_environment(settings: Settings, watched: TargetSystem) -> dict[str, str]:
    """The settings of the service and its worker; an empty broker where no Redis is known for messages."""
    return {
        "RUN_DIR": str(settings.home),
        "SERVICE_HOST": HOST,
        "SERVICE_PORT": str(settings.service_port),
        "SERVICE_BROKER_URL": broker_url(watched) or "",
        "SERVICE_WEBHOOK_TOKEN_FILE": str(settings.home / "service" / "webhook-token"),
        "SERVICE_THRESHOLDS_FILE": os.environ.get("SERVICE_THRESHOLDS_FILE") or str(THRESHOLDS),
        **demo_environment(watched),
    }


def demo_environment(watched: TargetSystem) -> dict[str, str]:
    """The demo's resources, cache and repository, unless given; a real backend's are never guessed."""
    if watched.demo is None:
        return {}
    told = {
        "SERVICE_RESOURCES_URL": watched.demo.database_address,
        "SERVICE_CACHE_URL": watched.demo.cache_url,
    }
    if served := repository_url(watched):
        told["SERVICE_TRUSTED_HOSTS"] = urlsplit(served).netloc
        told["SERVICE_EXAMPLE"] = served
    return {name: value for name, value in told.items() if not os.environ.get(name)}


def broker_url(watched: TargetSystem) -> str | None:
    """The Redis that was given, or a database of its own on the one of the watched backend; None without."""
    if given := os.environ.get("SERVICE_BROKER_URL"):
        return given if redis_url.is_redis(given) else None
    return own_broker_url(
        watched.demo.broker_url if watched.demo else os.environ.get("CELERY_BROKER_URL", "")
    )


def own_broker_url(broker: str) -> str | None:
    """A database of that Redis that is not the broker's own; None where it is no Redis that can be used."""
    broker = redis_url.with_master_name(broker, os.environ.get("OPS_CELERY__MASTER_NAME"))
    try:
        theirs = redis_url.parse_redis_url(broker)
    except ValueError:
        return None
    return redis_url.with_database(broker, DATABASE + (theirs.database == DATABASE))


def repository_url(watched: TargetSystem) -> str | None:
    """Where the demo serves the project's own repository, if it does."""
    it = watched.demo
    return f"http://{HOST}:{it.git_port}{NAME}" if it and it.git_port and repository() else None


def token_location(settings: Settings) -> str:
    """Where the operators' token is."""
    if "SERVICE_TOKEN" in os.environ:
        return "SERVICE_TOKEN"
    return os.environ.get("SERVICE_TOKEN_FILE") or short_path(settings.home / "service" / "token")


def table_rows(watched: TargetSystem, run: bool) -> list[Row]:
    """What the table says beside the service itself: a repository to ingest, or how to have its worker."""
    if not run:
        return [NO_WORKER_ROW]
    served = repository_url(watched)
    return [("repository", served, "this project's own, to be ingested")] if served else []
