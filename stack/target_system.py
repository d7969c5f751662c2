"""The monitored system: the demo, or the backend that BACKEND_URL names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demo.settings import Settings as DemoSettings
from demo.settings import read_settings as read_demo_settings
from stack.settings import HOST, Settings


@dataclass(frozen=True)
class TargetSystem:
    """URL and credentials of the monitored system, and the exporter's settings for it."""

    url: str
    token_file: Path | None
    environment: Mapping[str, str] = field(default_factory=dict)
    demo: DemoSettings | None = None


def target_system(settings: Settings) -> TargetSystem:
    """The system to monitor: the demo unless BACKEND_URL is set."""
    if settings.backend_url is None:
        return demo_system(read_demo_settings(run_dir=settings.home))
    return TargetSystem(settings.backend_url.rstrip("/"), write_token_file(settings))


def demo_system(demo: DemoSettings) -> TargetSystem:
    """The demo, with all settings that the exporter needs for it."""
    url = f"http://{HOST}:{demo.port}"
    token = demo.home / "token"
    environment = {
        "BACKEND_URL": url,
        "BACKEND_TOKEN_FILE": str(token),
        "DATABASE_URL": demo.database_address,
        "REDIS_URL": demo.cache_url,
        "CELERY_BROKER_URL": demo.broker_url,
        "CELERY_RESULT_BACKEND": demo.results_url,
        "INGESTION_REDIS_URL": demo.ingestion_url,
        # the demo writes times without a zone
        "OPS_BACKEND__TIME_ZONE": "UTC",
        # a visitor of the demo does not wait a day for the anomaly detector to learn
        "OPS_ANOMALIES__PERIOD": "15",
        "OPS_ANOMALIES__LEARN": "3600",
    }
    return TargetSystem(url, token, environment, demo)


def write_token_file(settings: Settings) -> Path | None:
    """The file with the backend's token; Prometheus needs one even if only BACKEND_TOKEN is set."""
    if settings.backend_token_file is not None:
        return settings.backend_token_file.absolute()
    if settings.backend_token is None:
        return None
    path = settings.home / "backend-token"
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(settings.backend_token.get_secret_value())
    return path
