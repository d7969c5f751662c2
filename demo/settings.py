"""The settings of the demo, read once at the edge of each of its processes."""

import json
import sys
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

QUEUES = ("urgent", "high_priority", "default", "ml_tasks", "batch", "repo_ingestion")
MODULES = (
    "annotations", "auth", "authority", "collections", "curation", "graph", "monitoring", "quality",
    "recommendations", "resources", "scholarly", "search", "taxonomy",
)  # fmt: skip


class Settings(BaseSettings):
    """Everything that can be chosen about the demo; each name is an environment variable."""

    model_config = SettingsConfigDict(env_prefix="DEMO_", populate_by_name=True, extra="ignore")

    run_dir: Path = Field(Path(".run"), validation_alias="RUN_DIR", description="where state is kept")
    host: str = Field("127.0.0.1", description="address that the API and the control page listen on")
    port: int = Field(8000, ge=1, le=65535, description="port of the API")
    control_port: int = Field(
        8001, ge=1, le=65535, description="port of the control page (faults, readiness)"
    )
    git_port: int = Field(
        8002, ge=0, le=65535, description="port of the project's own repository, to be ingested; 0 for none"
    )
    redis_port: int = Field(6390, ge=1, le=65535, description="port of the demo's own Redis")
    postgres_port: int = Field(5490, ge=1, le=65535, description="port of the demo's own PostgreSQL")
    database: Literal["sqlite", "postgres"] = Field("sqlite", description="which database the demo starts")
    web_processes: int = Field(1, ge=1, le=8, description="API processes behind the one port")
    worker_concurrency: int = Field(2, ge=1, le=16, description="pool children of the Celery worker")
    traffic_peak: float = Field(
        5.0, ge=0, le=200, description="requests a second at the busiest hour; 0 for no visitors"
    )
    day_seconds: float = Field(86400.0, ge=10, description="seconds that one simulated day takes")
    day_start: float = Field(0.35, ge=0, lt=1, description="point of the day at which traffic starts, 0..1")
    pool_timeout: float = Field(2.0, gt=0, le=60, description="seconds to wait for a database connection")
    hook_retry_seconds: float = Field(
        19.0, ge=0, le=60, description="how long lying hooks retry a refused queue"
    )
    ingest_seconds: float = Field(
        4.0, gt=0, le=600, description="mean seconds the edge worker spends on a repository"
    )
    heartbeat_seconds: float = Field(5.0, gt=0, le=300, description="period of the edge worker's heartbeat")
    fault: str = Field(
        "",
        validation_alias=AliasChoices("DEMO_FAULT", "FAULT"),
        description="faults in force from the start, with spaces between them; FAULT is another name for it",
    )
    pharos_layout: bool = Field(True, description="also write the pharos:* keys (heartbeat, history, dlq)")
    token: SecretStr | None = Field(
        None, description="service token; made up and kept in RUN_DIR/demo/token if unset"
    )
    jwt_secret: SecretStr | None = Field(None, description="key of the JWTs; made up and kept if unset")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much is logged")
    database_url: str | None = Field(
        None, validation_alias="DATABASE_URL", description="use this database instead"
    )
    redis_url: str | None = Field(None, validation_alias="REDIS_URL", description="use this Redis instead")
    celery_broker_url: str | None = Field(
        None, validation_alias="CELERY_BROKER_URL", description="default: Redis db 0"
    )
    celery_result_backend: str | None = Field(
        None, validation_alias="CELERY_RESULT_BACKEND", description="default: Redis db 1"
    )
    ingestion_redis_url: str | None = Field(
        None, validation_alias="INGESTION_REDIS_URL", description="default: the broker"
    )

    @property
    def home(self) -> Path:
        """The folder that holds everything the demo writes."""
        return self.run_dir.absolute() / "demo"

    @property
    def models(self) -> Path:
        """The folder of the trained model files."""
        return self.home / "models"

    @property
    def database_address(self) -> str:
        """SQLAlchemy URL of the database in use."""
        if self.database_url:
            return self.database_url
        if self.database == "postgres":
            return f"postgresql+psycopg://demo@127.0.0.1:{self.postgres_port}/demo"
        return f"sqlite:///{self.home / 'neo.db'}"

    @property
    def cache_url(self) -> str:
        """Redis URL of the cache, database 2 unless REDIS_URL names one."""
        if self.redis_url is None:
            return f"redis://127.0.0.1:{self.redis_port}/2"
        return self.redis_url if _names_a_database(self.redis_url) else with_redis_database(self.redis_url, 2)

    @property
    def broker_url(self) -> str:
        """Redis URL of the Celery broker, database 0 by default."""
        return self.celery_broker_url or with_redis_database(self.cache_url, 0)

    @property
    def results_url(self) -> str:
        """Redis URL of the Celery results, database 1 by default."""
        return self.celery_result_backend or with_redis_database(self.cache_url, 1)

    @property
    def ingestion_url(self) -> str:
        """Redis URL of ingest_queue and its neighbours, the broker's by default."""
        return self.ingestion_redis_url or self.broker_url


def _names_a_database(url: str) -> bool:
    return urlsplit(url).path.strip("/").isdigit()


def with_redis_database(url: str, number: int) -> str:
    """The same Redis server at another database number."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


def read_settings(**given: Any) -> Settings:
    """Read the settings or end the process with one sentence for each wrong value."""
    try:
        return Settings(**given)
    except ValidationError as error:
        for flaw in error.errors(include_url=False):
            print(_sentence(flaw["loc"], flaw.get("input"), flaw["msg"]), file=sys.stderr)  # noqa: T201  the edge
        raise SystemExit(2) from None


def _sentence(place: tuple[int | str, ...], value: object, expected: str) -> str:
    name = str(place[0]) if place else "settings"
    variable = name if name.isupper() else f"DEMO_{name.upper()}"
    shown = (
        "a hidden value" if "TOKEN" in variable or "SECRET" in variable else json.dumps(value, default=str)
    )
    return f"{variable} is {shown}; {expected[0].lower()}{expected[1:]}."


def setting_rows() -> list[tuple[str, str, str]]:
    """Variable, default and meaning of every setting, in order."""
    rows = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        variable = alias if isinstance(alias, str) else f"DEMO_{name.upper()}"
        default = "" if field.default is None else str(field.default)
        rows.append((variable, default, field.description or ""))
    return rows
