"""The ingestion service in this run: its settings, its worker's, and its rows of the table."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from connections import redis_url
from demo.git_server import NAME, find_repository
from stack.settings import HOST, Settings
from stack.table import Row, short_path
from stack.target_system import TargetSystem

# the backend's own are: broker 0, results 1, cache 2
DATABASE = 4
THRESHOLDS = Path(__file__).parents[1] / "prometheus" / "thresholds.yml"
NO_WORKER_ROW: Row = (
    "service-worker",
    "not started",
    "it takes no jobs without a Redis for its queue: SERVICE_BROKER_URL=redis://host:6379/4 make run",
)


def service_environment(settings: Settings, target: TargetSystem) -> dict[str, str]:
    """The settings of the service and its worker; the broker is empty without a Redis."""
    return {
        "RUN_DIR": str(settings.home),
        "SERVICE_HOST": HOST,
        "SERVICE_PORT": str(settings.service_port),
        "SERVICE_BROKER_URL": broker_url(target) or "",
        "SERVICE_WEBHOOK_TOKEN_FILE": str(settings.home / "service" / "webhook-token"),
        "SERVICE_PROMETHEUS_URL": os.environ.get("SERVICE_PROMETHEUS_URL")
        or f"http://{HOST}:{settings.prometheus_port}",
        "SERVICE_ALERTMANAGER_URL": os.environ.get("SERVICE_ALERTMANAGER_URL")
        or f"http://{HOST}:{settings.alertmanager_port}",
        "SERVICE_THRESHOLDS_FILE": os.environ.get("SERVICE_THRESHOLDS_FILE") or str(THRESHOLDS),
        **demo_environment(target),
    }


def demo_environment(target: TargetSystem) -> dict[str, str]:
    """The demo's resources, cache and repository, unless set; a real backend's are never guessed."""
    if target.demo is None:
        return {}
    known = {
        "SERVICE_RESOURCES_URL": target.demo.database_address,
        "SERVICE_CACHE_URL": target.demo.cache_url,
    }
    if url := repository_url(target):
        known["SERVICE_TRUSTED_HOSTS"] = urlsplit(url).netloc
        known["SERVICE_EXAMPLE"] = url
    return {name: value for name, value in known.items() if not os.environ.get(name)}


def broker_url(target: TargetSystem) -> str | None:
    """SERVICE_BROKER_URL, else a database of its own in the target's Redis; None without a Redis."""
    if given := os.environ.get("SERVICE_BROKER_URL"):
        return given if redis_url.is_redis(given) else None
    return own_broker_url(target.demo.broker_url if target.demo else os.environ.get("CELERY_BROKER_URL", ""))


def own_broker_url(broker: str) -> str | None:
    """Another database of the broker's Redis; None if the broker is no Redis."""
    broker = redis_url.with_master_name(broker, os.environ.get("OPS_CELERY__MASTER_NAME"))
    try:
        parsed = redis_url.parse_redis_url(broker)
    except ValueError:
        return None
    return redis_url.with_database(broker, DATABASE + (parsed.database == DATABASE))


def repository_url(target: TargetSystem) -> str | None:
    """The URL of the project's own repository, which the demo serves; None without one."""
    it = target.demo
    return f"http://{HOST}:{it.git_port}{NAME}" if it and it.git_port and find_repository() else None


def token_location(settings: Settings) -> str:
    """The setting or file that holds the operators' token, or the people's."""
    if "SERVICE_TOKEN" in os.environ:
        return "SERVICE_TOKEN"
    given = os.environ.get("SERVICE_TOKEN_FILE") or os.environ.get("SERVICE_TOKENS_FILE")
    return given or short_path(settings.home / "service" / "token")


def table_rows(target: TargetSystem, has_worker: bool) -> list[Row]:
    """Further rows of the table: a repository to ingest, or how to start the worker."""
    if not has_worker:
        return [NO_WORKER_ROW]
    url = repository_url(target)
    return [("repository", url, "this project's own, ready to ingest")] if url else []
