"""Every setting of the exporter, typed; read once at the edge from one YAML file and the environment."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from exporter.settings_modules import MODULES, Module
from exporter.settings_types import HttpUrl, Port, Seconds, Section


class Web(Section):
    """The exporter's own page."""

    host: str = "127.0.0.1"
    port: Port = 9810
    token_file: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    @model_validator(mode="after")
    def certificate_and_key(self) -> Self:
        """TLS needs both files."""
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("names one of tls_certificate and tls_key; expected both or neither")
        return self


class Backend(Section):
    """The watched backend, over HTTP."""

    url: HttpUrl = "http://127.0.0.1:8000"
    token: SecretStr | None = None
    token_file: Path | None = None
    timeout: Seconds = 1.0
    slow_timeout: Seconds = 15.0  # /health and /workers/status take 2 to 3 s and block the backend
    fast_period: Seconds = 0.5
    period: Seconds = 10.0
    slow_period: Seconds = 60.0
    blocked_at_most: Seconds = 4.0  # for so long one of them usually blocks it; then silence is news
    max_bytes: Annotated[int, Field(ge=10_000)] = 10_000_000
    in_progress_metrics: tuple[str, ...] = ("http_requests_inprogress", "neo_alexandria_inprogress")
    highest_quantile_seconds: Seconds = 1.0  # handler latency from which the event bus counts as degraded


class Database(Section):
    """The backend's database, asked directly."""

    url: SecretStr | None = None
    timeout: Seconds = 1.0
    fast_period: Seconds = 0.5
    period: Seconds = 30.0
    slow_timeout: Seconds = 10.0
    statistics_period: Seconds = 5.0  # PostgreSQL's views of sessions, locks and counts
    rows_period: Seconds = 60.0  # what is counted in the backend's own tables
    file_lock: Annotated[float, Field(gt=0, le=10)] = 0.25  # no longer may our reading of a SQLite file stop writers
    tables: Annotated[int, Field(ge=1, le=500)] = 40
    statements: Annotated[int, Field(ge=0, le=100)] = 10
    long_transaction: Seconds = 60.0
    databases: Annotated[int, Field(ge=1, le=200)] = 20  # of one PostgreSQL server
    sparse_sample: Annotated[int, Field(ge=0, le=1000)] = 50  # newest vectors looked at for each model
    vocabularies: dict[str, Annotated[int, Field(ge=1)]] = {
        "BAAI/bge-m3": 250_002,
        "naver/splade-cocondenser-ensembledistil": 30_522,
    }  # tokens that a model has, by the name stored beside its vectors


class Redis(Section):
    """The Redis database that serves the backend as a cache."""

    url: SecretStr | None = None
    timeout: Seconds = 1.0
    fast_period: Seconds = 0.2
    keys_period: Seconds = 60.0
    keys_seconds: Seconds = 5.0  # a pass over the keys stops after this long
    keys_sample: Annotated[int, Field(ge=0, le=1_000_000)] = 20_000
    keys: Annotated[int, Field(ge=0, le=100)] = 10
    key_groups: Annotated[int, Field(ge=0, le=200)] = 20
    key_separator: Annotated[str, Field(min_length=1, max_length=4)] = ":"
    sensitive_prefixes: tuple[str, ...] = ("revoked_token", "rate_limit", "session", "token")


class Celery(Section):
    """The broker, the result backend and what is expected of the workers."""

    broker_url: SecretStr | None = None
    results_url: SecretStr | None = None
    timeout: Seconds = 1.0
    fast_period: Seconds = 0.2
    period: Seconds = 30.0
    queues: tuple[str, ...] = (
        "urgent",
        "high_priority",
        "default",
        "ml_tasks",
        "batch",
        "repo_ingestion",
        "celery",
    )
    priority_steps: tuple[int, ...] = (0, 3, 6, 9)
    separator: str = "\x06\x16"
    key_prefix: str = ""
    fanout_prefix: str = "/{db}."  # kombu's transport option of that name
    event_exchange: str = "celeryev"
    control_exchange: str = "celery"
    published_headers: tuple[str, ...] = ("published_at", "sent_at", "timestamp")
    found_queues: Annotated[int, Field(ge=0, le=200)] = 30  # beside those named above
    inspect_period: Seconds = 15.0
    results_period: Seconds = 30.0
    results_sample: Annotated[int, Field(ge=1, le=100_000)] = 1000
    workers: Annotated[int, Field(ge=1, le=5000)] = 200
    worker_timeout: Seconds = 15.0  # a worker sends a heartbeat every 2 s
    worker_forgotten: Seconds = 600.0
    tasks: Annotated[int, Field(ge=1, le=1000)] = 100
    task_queues: Annotated[int, Field(ge=1, le=5000)] = 300  # pairs of a task and its queue
    tasks_in_flight: Annotated[int, Field(ge=100, le=1_000_000)] = 50_000
    exceptions: Annotated[int, Field(ge=1, le=200)] = 20
    failure_window: Seconds = 300.0
    stuck_after: Seconds = 30.0  # a queue that has messages and whose oldest waits longer counts as stuck


class Ingestion(Section):
    """The ingestion queue of the existing edge worker and of its successor."""

    url: SecretStr | None = None
    timeout: Seconds = 1.0
    fast_period: Seconds = 0.2
    period: Seconds = 5.0
    capacity: Annotated[int, Field(ge=1)] = 10
    heartbeat_timeout: Seconds = 300.0


class Judgement(Section):
    """From which traffic on a module without a truthful health route is judged by its requests."""

    window: Seconds = 60.0
    requests: Annotated[int, Field(ge=1)] = 5
    degraded_error_ratio: Annotated[float, Field(gt=0, le=1)] = 0.05
    down_error_ratio: Annotated[float, Field(gt=0, le=1)] = 0.5
    degraded_seconds: Seconds = 0.5  # 95th percentile of request duration


class Limits(Section):
    """What bounds the page, whatever the sources say."""

    budget: Seconds = 1.5
    label_length: Annotated[int, Field(ge=16, le=1000)] = 120
    event_types: Annotated[int, Field(ge=1, le=200)] = 60
    methods: Annotated[int, Field(ge=1, le=200)] = 30
    models: Annotated[int, Field(ge=1, le=200)] = 20


class Settings(BaseSettings):
    """All settings of the exporter; settings_load.py says where their values come from."""

    model_config = SettingsConfigDict(
        env_prefix="OPS_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    web: Web = Web()
    backend: Backend = Backend()
    database: Database = Database()
    redis: Redis = Redis()
    celery: Celery = Celery()
    ingestion: Ingestion = Ingestion()
    judgement: Judgement = Judgement()
    limits: Limits = Limits()
    modules: tuple[Module, ...] = MODULES
    log_level: Literal["debug", "info", "warning", "error"] = "info"
