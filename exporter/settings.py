"""Every setting of the exporter, typed; read once at the edge from one YAML file and the environment."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from connections.redis_url import with_master_name
from exporter.settings_modules import DEFAULT_MODULES, ModuleSettings
from exporter.settings_types import (
    CeleryUrl,
    DatabaseUrl,
    HttpUrl,
    Port,
    RedisUrl,
    Seconds,
    SettingsSection,
    TimeZone,
    readable_url,
    unreadable_reasons,
)


class WebSettings(SettingsSection):
    """The exporter's own page."""

    host: str = Field("127.0.0.1", description="address that the exporter listens on")
    port: Port = Field(9810, description="port that the exporter listens on")
    token_file: Path | None = Field(
        None,
        description="file with the bearer token that readers of the page must send; none: anybody may read",
    )
    tls_certificate: Path | None = Field(
        None, description="certificate file; with it the page is served over TLS"
    )
    tls_key: Path | None = Field(None, description="key file of that certificate")

    @model_validator(mode="after")
    def certificate_and_key(self) -> Self:
        """TLS needs both files."""
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("names one of tls_certificate and tls_key; expected both or neither")
        return self


class BackendSettings(SettingsSection):
    """The watched backend, over HTTP."""

    url: HttpUrl = Field("http://127.0.0.1:8000", description="address of the watched backend")
    proxy: HttpUrl | None = Field(
        None,
        description="proxy through which the backend is asked; none: no proxy, whatever HTTP_PROXY says",
    )
    token: SecretStr | None = Field(None, description="bearer token towards the backend")
    token_file: Path | None = Field(
        None, description="file with that token, read again when it changes; wins over the token"
    )
    timeout: Seconds = Field(1.0, description="seconds that an ordinary route may take")
    blocking_timeout: Seconds = Field(
        15.0, description="seconds that /health and /workers/status may take, which ask all workers"
    )
    fast_period: Seconds = Field(
        0.25, description="seconds between two requests to a route while something looks wrong with it"
    )
    calm_period: Seconds = Field(
        0.5,
        description="seconds between two requests to /metrics while nothing looks wrong; /db/pool is "
        "requested half as often",
    )
    probe_period: Seconds = Field(
        10.0, description="seconds between two requests to a module's health route while nothing looks wrong"
    )
    period: Seconds = Field(30.0, description="seconds between two requests to an ordinary route")
    slow_period: Seconds = Field(
        300.0,
        description="seconds between two requests to /user-engagement or /recommendation-quality, which "
        "count in the database",
    )
    blocking_period: Seconds | None = Field(
        None,
        description="seconds between two requests to a route that blocks the backend; none: it is requested "
        "only when something that it reports on has changed, once a minute at most",
    )
    ping_route: str | None = Field(
        None,
        pattern=r"^/",
        description="cheapest route, which needs neither database nor Redis; none: it is found by trying",
    )
    time_zone: TimeZone | None = Field(
        None,
        description="zone of the backend's local times, as Europe/Berlin; none: such times are not shown",
    )
    max_bytes: int = Field(10_000_000, ge=10_000, description="bytes of an answer from which it is refused")
    in_progress_metrics: tuple[str, ...] = Field(
        ("http_requests_inprogress", "neo_alexandria_inprogress"),
        description="names under which the backend counts requests in progress",
    )
    highest_quantile_seconds: Seconds = Field(
        1.0, description="handler latency from which the event bus counts as degraded"
    )


class DatabaseSettings(SettingsSection):
    """The backend's database, asked directly."""

    url: DatabaseUrl | None = Field(
        None, description="SQLAlchemy URL of the backend's database; none: it is not asked"
    )
    timeout: Seconds = Field(
        1.0,
        description="seconds that our own SELECT 1 may take; after that it is tried once more, over a fresh"
        " connection, before the database counts as down",
    )
    fast_period: Seconds = Field(0.4, description="seconds within which SELECT 1 is sent at most once")
    period: Seconds = Field(30.0, description="seconds between two looks at tables and sizes")
    slow_timeout: Seconds = Field(10.0, description="seconds that a statement in the background may take")
    statistics_period: Seconds = Field(
        5.0, description="seconds between two looks at PostgreSQL's sessions, locks and counts"
    )
    rows_period: Seconds = Field(60.0, description="seconds between two counts in the backend's own tables")
    file_lock: float = Field(
        0.25,
        gt=0,
        le=10,
        description="seconds for which a reading of ours may hold up the writers of a SQLite file",
    )
    tables: int = Field(40, ge=1, le=500, description="biggest tables that are shown by name")
    statements: int = Field(
        10,
        ge=0,
        le=100,
        description="heaviest statements that are shown, where pg_stat_statements is installed",
    )
    long_transaction: Seconds = Field(60.0, description="seconds from which a transaction counts as long")
    databases: int = Field(
        20, ge=1, le=200, description="databases of one PostgreSQL server that are shown by name"
    )
    sparse_sample: int = Field(
        50, ge=0, le=1000, description="newest sparse vectors of each model that are looked at"
    )
    vocabularies: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {"BAAI/bge-m3": 250_002, "naver/splade-cocondenser-ensembledistil": 30_522},
        description="tokens that a model has, by the name stored beside its vectors",
    )


class RedisSettings(SettingsSection):
    """The Redis database that serves the backend as a cache."""

    url: RedisUrl | None = Field(
        None, description="URL of the Redis database that is the cache; none: it is not asked"
    )
    timeout: Seconds = Field(1.0, description="seconds that a command may take")
    fast_period: Seconds = Field(0.4, description="seconds within which PING is sent at most once")
    server_period: Seconds = Field(
        5.0, description="seconds within which INFO, SLOWLOG and LATENCY are sent at most once"
    )
    keys_period: Seconds = Field(60.0, description="seconds between two passes over the keys")
    keys_seconds: Seconds = Field(5.0, description="seconds after which a pass over the keys stops")
    keys_sample: int = Field(
        2000,
        ge=0,
        le=1_000_000,
        description="keys whose memory is measured in a pass; each is a command, and after many of them the "
        "next pass waits for longer",
    )
    keys: int = Field(10, ge=0, le=100, description="biggest keys that are shown")
    key_groups: int = Field(20, ge=0, le=200, description="groups of keys that are shown by name")
    key_separator: str = Field(
        ":", min_length=1, max_length=4, description="what ends the beginning by which keys are grouped"
    )
    sensitive_prefixes: tuple[str, ...] = Field(
        ("revoked_token", "rate_limit", "session", "token"),
        description="beginnings of keys behind which something secret stands",
    )


class CelerySettings(SettingsSection):
    """The broker, the result backend and what is expected of the workers."""

    broker_url: CeleryUrl | None = Field(None, description="URL of the Celery broker; none: it is not asked")
    results_url: CeleryUrl | None = Field(
        None, description="URL of the Celery result backend; none: it is not asked"
    )
    master_name: str | None = Field(
        None,
        min_length=1,
        description="name under which the Sentinels of broker_url and results_url know the server, kombu's "
        "master_name; none: the URL's own",
    )
    timeout: Seconds = Field(1.0, description="seconds that a command may take")
    fast_period: Seconds = Field(0.4, description="seconds within which queue lengths are asked at most once")
    period: Seconds = Field(30.0, description="seconds between two looks at what changes slowly")
    queues: tuple[str, ...] = Field(
        ("urgent", "high_priority", "default", "ml_tasks", "batch", "repo_ingestion", "celery"),
        description="queues that are shown even while they are empty",
    )
    priority_steps: tuple[int, ...] = Field(
        tuple(range(10)),
        description="priorities that may have a list of their own; kombu's priority_steps are among them",
    )
    separator: str = Field(
        "\x06\x16", description="what stands between queue and priority in the name of a list, kombu's sep"
    )
    key_prefix: str = Field("", description="prefix of all keys of the broker, kombu's global_keyprefix")
    fanout_prefix: str = Field("/{db}.", description="prefix of broadcast channels, kombu's fanout_prefix")
    event_exchange: str = Field(
        "celeryev", description="exchange on which workers send events, Celery's event_exchange"
    )
    control_exchange: str = Field(
        "celery", description="exchange on which workers are asked, Celery's control_exchange"
    )
    published_headers: tuple[str, ...] = Field(
        ("published_at", "sent_at", "timestamp"),
        description="message headers that may say when a message was sent",
    )
    found_queues: int = Field(
        30,
        ge=0,
        le=200,
        description="queues that are shown beside the named ones, the longest; the rest is `other`",
    )
    lists_at_once: int = Field(
        6,
        ge=1,
        le=1000,
        description="lengths that are read in one round trip; where more lists hold messages, by turns",
    )
    results_prefix: str | None = Field(
        None,
        description="prefix of the keys of results, the result backend's global_keyprefix; none: key_prefix",
    )
    foreign_workers: tuple[str, ...] = Field(
        ("watchroom-*",),
        description="node names, as patterns, of workers on the broker that are not the backend's",
    )
    stalled_after: Seconds = Field(
        30.0,
        description="seconds for which a worker may hold a task that could start before it counts as stalled",
    )
    newborn: float = Field(
        15.0,
        ge=0,
        le=3600,
        description="seconds for which a new count of tasks is first shown as 0: as far as scrapes are apart",
    )
    inspect_period: Seconds = Field(15.0, description="seconds between two questions to all workers")
    results_period: Seconds = Field(30.0, description="seconds between two looks at stored results")
    results_sample: int = Field(1000, ge=1, le=100_000, description="stored results that are looked at")
    workers: int = Field(200, ge=1, le=5000, description="workers that are shown by name")
    worker_timeout: Seconds = Field(
        15.0, description="seconds without a heartbeat from which a worker is down; it sends one every 2 s"
    )
    worker_forgotten: Seconds = Field(
        600.0, description="seconds without a heartbeat from which a worker is not shown any more"
    )
    tasks: int = Field(100, ge=1, le=1000, description="task names that are shown")
    task_queues: int = Field(300, ge=1, le=5000, description="pairs of a task and its queue that are shown")
    tasks_in_flight: int = Field(
        50_000, ge=100, le=1_000_000, description="tasks that are remembered between two of their events"
    )
    exceptions: int = Field(20, ge=1, le=200, description="classes of exceptions that are shown")
    failure_window: Seconds = Field(
        300.0, description="seconds over which the share of failed tasks is judged"
    )
    stuck_after: Seconds = Field(
        30.0, description="seconds from which a queue whose oldest message waits longer counts as stuck"
    )

    @property
    def readable_broker(self) -> SecretStr | None:
        """The broker where the exporter can read it."""
        return readable_url(self._named(self.broker_url))

    @property
    def readable_results(self) -> SecretStr | None:
        """The result backend where the exporter can read it."""
        return readable_url(self._named(self.results_url))

    def _named(self, url: SecretStr | None) -> SecretStr | None:
        return url and SecretStr(with_master_name(url.get_secret_value(), self.master_name))

    @property
    def unreadable(self) -> tuple[str, ...]:
        """A sentence for each of them that it cannot read."""
        broker = unreadable_reasons("celery.broker_url", self._named(self.broker_url))
        return (*broker, *unreadable_reasons("celery.results_url", self._named(self.results_url)))

    @property
    def prefixes_of_results(self) -> tuple[str, ...]:
        """What the keys of results may begin with; Celery appends `_` to a prefix that ends in a letter."""
        prefix = self.key_prefix if self.results_prefix is None else self.results_prefix
        return (prefix, f"{prefix}_") if prefix else ("",)


class IngestionSettings(SettingsSection):
    """The ingestion queue of the existing edge worker and of its successor."""

    url: RedisUrl | None = Field(
        None, description="URL of the Redis database with ingest_queue; none: the broker's"
    )
    timeout: Seconds = Field(1.0, description="seconds that a command may take")
    fast_period: Seconds = Field(
        1.0, description="seconds within which queues are asked at most once; PING, as often as the broker's"
    )
    period: Seconds = Field(5.0, description="seconds between two looks at the heartbeat and finished jobs")
    capacity: int = Field(10, ge=1, description="items from which on the backend refuses more")
    cloud_queue: str = Field("repo_ingestion", description="Celery queue whose workers ingest in the cloud")
    heartbeat_timeout: Seconds = Field(
        300.0, description="seconds without a heartbeat from which the edge worker is down"
    )


class ServiceSettings(SettingsSection):
    """Our own ingestion service, over HTTP, as any client of it would ask."""

    url: HttpUrl | None = Field(None, description="address of the ingestion service; none: it is not asked")
    timeout: Seconds = Field(2.0, description="seconds that one of its routes may take")
    period: Seconds = Field(5.0, description="seconds between two askings of an ordinary route")
    embeddings_period: Seconds = Field(
        15.0, description="seconds between two askings for the embeddings, which count in the database"
    )
    max_bytes: int = Field(2_000_000, ge=10_000, description="bytes of an answer from which it is refused")
    heartbeat_timeout: Seconds = Field(
        60.0, description="seconds without a heartbeat from which a worker is down, whatever the service says"
    )
    workers: int = Field(50, ge=1, le=1000, description="workers that are shown by name")


class AnomalySettings(SettingsSection):
    """The search for what is unusual, fed by the Prometheus that scrapes this exporter."""

    prometheus_url: HttpUrl | None = Field(
        None, description="address of the Prometheus that records ops:watched; none: nothing is searched"
    )
    period: float = Field(
        60.0, ge=15, le=300, description="seconds between two values of a series that are looked at"
    )
    timeout: Seconds = Field(
        10.0, description="seconds that an answer of Prometheus may take; a first look reads many"
    )
    series: int = Field(250, ge=1, le=2000, description="series that are watched, the first that are seen")
    learn: float = Field(
        86_400.0,
        ge=3600,
        le=604_800,
        description="seconds of a series that are learnt before anything in it is unusual",
    )
    holidays: tuple[date, ...] = Field(
        (), description="days, in UTC, that are compared with Sundays instead of their own weekday"
    )
    max_bytes: int = Field(
        20_000_000, ge=10_000, description="bytes of an answer of Prometheus from which it is refused"
    )


class JudgementSettings(SettingsSection):
    """From which traffic on a module without a truthful health route is judged by its requests."""

    window: Seconds = Field(60.0, description="seconds of traffic that are judged")
    requests: int = Field(
        5, ge=1, description="requests below which nothing is judged; a single bad one never counts"
    )
    degraded_error_ratio: float = Field(
        0.05, gt=0, le=1, description="share of errors from which a module is degraded"
    )
    down_error_ratio: float = Field(
        0.5, gt=0, le=1, description="share of errors from which a module is down"
    )
    degraded_seconds: Seconds = Field(
        0.5, description="95th percentile of request duration from which a module is degraded"
    )
    degraded_pool_ratio: float = Field(
        0.75, gt=0, le=1, description="share of the pool's real capacity from which the pool is degraded"
    )


class LimitSettings(SettingsSection):
    """What bounds the page, whatever the sources say."""

    budget: Seconds = Field(1.5, description="seconds that a scrape may take")
    own_share: float = Field(
        0.02,
        gt=0,
        le=1,
        description="share of a source's time that our requests may take; beyond it they are sent less often",
    )
    label_length: int = Field(120, ge=16, le=1000, description="characters of a label value")
    event_types: int = Field(60, ge=1, le=200, description="event types that are shown by name")
    methods: int = Field(30, ge=1, le=200, description="timed methods that are shown by name")
    models: int = Field(20, ge=1, le=200, description="models that are shown by name")


class Settings(BaseSettings):
    """All settings of the exporter; settings_load.py says where their values come from."""

    model_config = SettingsConfigDict(
        env_prefix="OPS_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    web: WebSettings = WebSettings()
    backend: BackendSettings = BackendSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    celery: CelerySettings = CelerySettings()
    ingestion: IngestionSettings = IngestionSettings()
    service: ServiceSettings = ServiceSettings()
    anomalies: AnomalySettings = AnomalySettings()
    judgement: JudgementSettings = JudgementSettings()
    limits: LimitSettings = LimitSettings()
    modules: tuple[ModuleSettings, ...] = Field(
        DEFAULT_MODULES, description="modules of the backend: name, route prefixes, truthful health route"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much is logged")
