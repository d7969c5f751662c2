"""The service's settings, each with its type, default and description."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingestion_api.settings_types import (
    BrokerUrl,
    CommaList,
    DatabaseUrl,
    Days,
    HttpUrl,
    Kept,
    Networks,
    Port,
    RedisUrl,
    Seconds,
)


class Settings(BaseSettings):
    """All settings; each is `SERVICE_<NAME>` in the environment, which wins over the YAML file."""

    model_config = SettingsConfigDict(
        env_prefix="SERVICE_", extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Port = 8090
    """Port to listen on."""
    run_dir: Path = Field(Path(".run"), validation_alias=AliasChoices("run_dir", "RUN_DIR"))
    """Folder for state; the service's own is `service` in it."""
    database_url: DatabaseUrl = None
    """SQLAlchemy URL of the service's database; a file in its state folder unless given."""
    broker_url: BrokerUrl = SecretStr("redis://127.0.0.1:6379/0")
    """Redis that carries the messages to the workers; empty: no jobs are taken, everything else works."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Log level; debug also logs every request."""
    public_url: str | None = None
    """URL of the service for browsers; with https:// cookies are sent over TLS only."""
    allowed_hosts: CommaList = ()
    """Further accepted names in the Host header; *.example.org and * are wildcards."""
    proxies: Networks = ()
    """Addresses or networks of trusted proxies, whose X-Forwarded-For is used."""
    connections: Annotated[int, Field(ge=16, le=60_000)] = 1_000
    """Maximum of open connections; at the limit a new one replaces an idle one."""
    connections_per_address: Annotated[int, Field(ge=4, le=60_000)] = 200
    """The same for each address; a /64 of IPv6 counts as one, trusted proxies do not count."""
    notice_streams: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Maximum of pages with live notices open."""
    notice_streams_per_address: Annotated[int, Field(ge=1, le=10_000)] = 40
    """The same for each address."""
    head_seconds: Seconds = 10.0
    """Timeout for the head of a request, in seconds."""
    body_seconds: Seconds = 30.0
    """Timeout for the body of a request, in seconds."""
    answer_seconds: Seconds = 60.0
    """Timeout for a client that does not read the response, in seconds."""
    min_free_bytes: Annotated[int, Field(ge=0)] = 100_000_000
    """Free bytes below which the disk of the state or of the clones counts as full."""

    token: SecretStr | None = None
    """The operators' bearer token: at least 32 characters, 8 of them different."""
    token_file: Path | None = None
    """File with the operators' token, read again when it changes; made in the state folder unless given."""
    tokens_file: Path | None = None
    """File with a token for each person, NAME ROLE TOKEN a line, read again when it changes."""
    webhook_token: SecretStr | None = None
    """Bearer token, as strong, for Alertmanager's webhook only; the operators' token works there too."""
    webhook_token_file: Path | None = None
    """File with the webhook's token, read again when it changes."""
    attempts: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Wrong tokens that an address may send within the window before it is rejected."""
    attempts_window: Seconds = 60.0
    """Length of that window, in seconds."""
    body_limit: Annotated[int, Field(ge=1_000, le=100_000_000)] = 1_000_000
    """Maximum size of a request body, in bytes."""
    webhook_body_limit: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 32_000_000
    """The same for Alertmanager's webhook, which does not send a refused call again."""

    queue_limit: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Maximum of waiting ingestion jobs."""
    job_ttl: Seconds = 86_400.0
    """Seconds after which a waiting job is skipped."""
    soft_time_limit: Seconds = 1_800.0
    """Seconds that a job may run; then it fails."""
    hard_time_limit: Seconds = 1_860.0
    """Seconds after which a job that still runs is killed."""
    lease: Seconds = 15.0
    """Seconds without a renewal after which a running job's lease expires."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """Maximum of attempts of a job when something outside fails."""
    max_losses: Annotated[int, Field(ge=1, le=1000)] = 5
    """Maximum of lost workers before a job fails."""
    retry_base: Seconds = 5.0
    """Seconds before the second attempt; doubled for each further one, with jitter."""
    retry_cap: Seconds = 300.0
    """Maximum wait before an attempt, in seconds."""
    outbox_period: Seconds = 1.0
    """Seconds between two searches for expired leases, lost messages and exceeded TTLs."""
    publish_grace: Seconds = 10.0
    """Seconds after which a lost message is published again."""

    retention_incident_days: Days = 365
    """Days after which an ended incident is removed; 0: none is for its age."""
    retention_incidents: Kept = 100_000
    """Maximum of incidents; the oldest ended ones beyond are removed, 0: none are."""
    retention_job_days: Days = 365
    """Days after which an ended job is removed; 0: none is for its age."""
    retention_jobs: Kept = 100_000
    """Maximum of jobs; the oldest ended ones beyond are removed, 0: none are."""
    retention_audit_days: Days = 730
    """Days after which a row of the audit log is removed; 0: none is for its age."""
    retention_audit_rows: Kept = 500_000
    """Maximum of rows of the audit log; the oldest beyond are removed, 0: none are."""
    retention_period: Seconds = 60.0
    """Seconds between two searches for what is too old or too much."""

    worker_type: Literal["cloud", "edge"] = "cloud"
    """Type that a worker reports."""
    heartbeat_period: Seconds = 5.0
    """Seconds between two heartbeats of a worker."""
    degraded_after: Seconds = 15.0
    """Seconds without a heartbeat after which a worker is degraded."""
    offline_after: Seconds = 60.0
    """Seconds without a heartbeat after which a worker is offline."""

    dispatch: Literal["celery", "edge"] = "celery"
    """What runs ingestion jobs: our own Celery workers, or the backend's existing edge worker."""
    edge_url: RedisUrl = None
    """Redis of the existing edge worker."""
    edge_layout: Literal["neo", "pharos"] = "neo"
    """Layout of that worker's keys."""
    edge_offline_after: Seconds = 300.0
    """Age of its heartbeat in seconds after which it is degraded; offline after twice as long."""

    repository_schemes: CommaList = ("https",)
    """URL schemes that are allowed for every public host."""
    trusted_hosts: CommaList = ()
    """Hosts, or host:port, that may have private addresses and use http."""
    repository_ca_file: Path | None = None
    """CA file for repositories."""
    example: Annotated[str, Field(max_length=2048)] = ""
    """URL of a repository that the ingest page suggests."""
    clone_seconds: Seconds = 300.0
    """Time limit from the look-up of a repository to its last row, in seconds."""
    clone_bytes: Annotated[int, Field(ge=1_000)] = 500_000_000
    """Maximum size of a clone, in bytes."""
    clone_files: Annotated[int, Field(ge=1)] = 20_000
    """Maximum of files in a clone."""
    clone_memory: Annotated[int, Field(ge=64_000_000)] = 512_000_000
    """Maximum address space of each git process, in bytes."""
    clone_free: Annotated[int, Field(ge=0)] = 64_000_000
    """Bytes that a clone leaves free on the disk of the state folder; else the job is retried later."""
    file_bytes: Annotated[int, Field(ge=1)] = 1_000_000
    """Maximum size of a file that becomes a resource, in bytes."""

    resources_url: DatabaseUrl = None
    """SQLAlchemy URL of the backend's database; the service's own stores the resources unless given."""
    resources_table: str = "resources"
    """Name of the resources table."""
    resources_columns: dict[str, str] = {}
    """Names of its columns where they differ, as JSON: our name to theirs."""
    resources_defaults: dict[str, Any] = {}
    """Values for further columns that must not be null, as JSON."""
    encoder: Annotated[str, Field(min_length=1, max_length=60)] = "bm25"
    """Sparse encoder: bm25, or where they are installed splade, bge-m3."""
    encoder_device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d{1,3})?)$")] = "auto"
    """Device of splade and bge-m3: cpu, cuda, cuda:1 ...; auto selects a GPU where there is one."""
    encoder_precision: Literal["auto", "full", "half", "bfloat16"] = "auto"
    """Precision of splade and bge-m3; auto is half on a GPU and full on a CPU."""
    encoder_memory: Annotated[int, Field(ge=1_000_000)] | None = None
    """Maximum bytes of one of their batches; a share of the free memory at their start unless given."""
    corpus_terms: Annotated[int, Field(ge=1_000, le=100_000_000)] = 5_000_000
    """Maximum of terms whose document frequencies bm25 stores; the rarest are dropped."""
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Vectors in one transaction."""

    cache_url: RedisUrl = Field(
        None, validation_alias=AliasChoices("cache_url", "SERVICE_CACHE_URL", "REDIS_URL")
    )
    """Redis with the backend's cache."""
    cache_protected: CommaList = ("revoked_token:",)
    """Prefixes that are never cleared; clearing this one would revive revoked tokens."""
    cache_sample: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000
    """Keys sampled to count the cache by prefix."""

    prometheus_url: HttpUrl = None
    """URL of the Prometheus that evaluates the rules; empty: no backtest of levels."""
    alertmanager_url: HttpUrl = None
    """URL of Alertmanager; unless given, the webhook caller's address with the port of its URL."""
    alertmanager_period: Seconds = 10.0
    """Seconds between two polls of Alertmanager, which end incidents whose end was not told."""
    alertmanager_settling: Seconds = 300.0
    """Seconds after a start of Alertmanager in which what it does not know yet ends no incident."""
    thresholds_file: Path = Path("prometheus/thresholds.yml")
    """File with the signals whose alert levels operators may set; read again when it changes."""

    @model_validator(mode="after")
    def check_consistency(self) -> Self:
        """Refuse settings that contradict each other."""
        if self.hard_time_limit <= self.soft_time_limit:
            raise ValueError(
                f"hard_time_limit is {self.hard_time_limit}; expected more than soft_time_limit, "
                f"{self.soft_time_limit}"
            )
        if self.dispatch == "edge" and self.edge_url is None:
            raise ValueError("dispatch is 'edge' but edge_url is missing; expected a Redis address")
        return self

    @property
    def state_dir(self) -> Path:
        """The folder of the service's own files."""
        return self.run_dir / "service"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the service's own database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.state_dir.absolute() / 'service.db'}"
