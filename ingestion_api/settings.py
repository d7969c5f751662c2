"""Addresses of databases, checked when they are read."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from connections.redis_url import parse_redis_url, scheme_of
from ingestion_api.networks import NetworkList

PSYCOPG = "postgresql+psycopg"
EXPECTED = "expected sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"


def normalize_database_url(url: str) -> str:
    """The address with the driver that is installed; ValueError when it is of no kind that is known."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise ValueError(f"is no database address; {EXPECTED}") from None
    if address.drivername in ("postgresql", "postgres", PSYCOPG):
        return address.set(drivername=PSYCOPG).render_as_string(hide_password=False)
    if address.drivername != "sqlite" or not address.database or address.database == ":memory:":
        raise ValueError(f"names {address.drivername}, or no file; {EXPECTED}")
    return url


Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Port = Annotated[int, Field(ge=0, le=65_535)]
CommaList = Annotated[tuple[str, ...], NoDecode]


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
    database_url: SecretStr | None = None
    """SQLAlchemy address of the service's database; a file in its state folder unless given."""
    broker_url: SecretStr | None = SecretStr("redis://127.0.0.1:6379/0")
    """Redis that carries the messages to the workers; empty: no jobs are taken, all else is served."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged; debug also logs every request."""
    public_url: str | None = None
    """How browsers reach the service; with https:// cookies are sent over TLS only."""
    allowed_hosts: CommaList = ()
    """Further names in the Host header that are answered to, as *.example.org too, or * for all of them."""
    proxies: CommaList = ()
    """Addresses or networks of proxies in front, whose X-Forwarded-For is believed."""
    connections: Annotated[int, Field(ge=16, le=60_000)] = 1_000
    """Connections at the same time; at the ceiling a newcomer takes the place of one that sends nothing."""
    connections_per_address: Annotated[int, Field(ge=4, le=60_000)] = 200
    """The same for each address; IPv6 addresses of one /64 count as one, proxies of ours do not count."""
    head_seconds: Seconds = 10.0
    """Longest wait for the head of a request, in seconds."""
    body_seconds: Seconds = 30.0
    """Longest wait for the body of a request, in seconds."""
    answer_seconds: Seconds = 60.0
    """Longest wait for a client that does not take our answer, in seconds."""
    min_free_bytes: Annotated[int, Field(ge=0)] = 100_000_000
    """Free bytes below which the disk of the service's state or of its clones counts as full."""

    token: SecretStr | None = None
    """The operators' bearer token: at least 32 characters, 8 of them different."""
    token_file: Path | None = None
    """File with the operators' token, read again when it changes; made in the state folder unless given."""
    webhook_token: SecretStr | None = None
    """Bearer token, as strong, that opens Alertmanager's webhook only; the operators' token opens it too."""
    webhook_token_file: Path | None = None
    """File with the webhook's token, read again when it changes."""
    attempts: Annotated[int, Field(ge=1, le=10_000)] = 10
    """Wrong tokens an address may show within the window, before it has to wait."""
    attempts_window: Seconds = 60.0
    """That window, in seconds."""
    body_limit: Annotated[int, Field(ge=1_000, le=100_000_000)] = 1_000_000
    """Longest request body, in bytes."""

    queue_limit: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Ingestion jobs that may wait at the same time."""
    job_ttl: Seconds = 86_400.0
    """Seconds after which a job that still waits is skipped."""
    soft_time_limit: Seconds = 1_800.0
    """Seconds a job may run; then it fails in order."""
    hard_time_limit: Seconds = 1_860.0
    """Seconds after which a job that did not end in order is killed."""
    lease: Seconds = 15.0
    """Seconds without a word from its worker after which a running job is taken to be lost."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """How often a job is tried when something outside fails."""
    max_losses: Annotated[int, Field(ge=1, le=1000)] = 5
    """How often a job may lose its worker before it fails."""
    retry_base: Seconds = 5.0
    """Seconds before the second attempt; doubled for each further one, and spread."""
    retry_cap: Seconds = 300.0
    """Longest wait before an attempt, in seconds."""
    outbox_period: Seconds = 1.0
    """Seconds between two looks for jobs that are lost, forgotten or too old."""
    publish_grace: Seconds = 10.0
    """Seconds after which a message that the broker does not know is sent again."""

    worker_type: Literal["cloud", "edge"] = "cloud"
    """What a worker says it is."""
    heartbeat_period: Seconds = 5.0
    """Seconds between two heartbeats of a worker."""
    degraded_after: Seconds = 15.0
    """Silence in seconds after which a worker counts as degraded."""
    offline_after: Seconds = 60.0
    """Silence in seconds after which a worker counts as offline."""

    dispatch: Literal["celery", "edge"] = "celery"
    """Who ingests: our own workers, or the backend's existing edge worker."""
    edge_url: SecretStr | None = None
    """Redis of the existing edge worker."""
    edge_layout: Literal["neo", "pharos"] = "neo"
    """How that worker names its keys."""
    edge_offline_after: Seconds = 300.0
    """Age of its heartbeat in seconds after which it is degraded, and after twice as long offline."""

    repository_schemes: CommaList = ("https",)
    """URL schemes that are open to every public host."""
    trusted_hosts: CommaList = ()
    """Hosts, or host:port, that may have private addresses and speak http."""
    repository_ca_file: Path | None = None
    """A private certificate authority for repositories."""
    example: Annotated[str, Field(max_length=2048)] = ""
    """Address of a repository that the ingest page offers."""
    clone_seconds: Seconds = 300.0
    """Longest time from looking a repository up to its last row, in seconds."""
    clone_bytes: Annotated[int, Field(ge=1_000)] = 500_000_000
    """Largest clone, in bytes."""
    clone_files: Annotated[int, Field(ge=1)] = 20_000
    """Most files of a clone."""
    clone_memory: Annotated[int, Field(ge=64_000_000)] = 512_000_000
    """Address space of each git that clones, in bytes."""
    clone_free: Annotated[int, Field(ge=0)] = 64_000_000
    """Bytes that a clone leaves free on the disk of the state folder; else the job is tried again later."""
    file_bytes: Annotated[int, Field(ge=1)] = 1_000_000
    """Largest file that becomes a resource, in bytes."""

    resources_url: SecretStr | None = None
    """SQLAlchemy address of the backend's database; resources are kept in the service's own unless given."""
    resources_table: str = "resources"
    """The table of resources."""
    resources_columns: dict[str, str] = {}
    """Columns that are named otherwise there, as JSON: our name to theirs."""
    resources_defaults: dict[str, Any] = {}
    """Values for further columns that must not be null, as JSON."""
    encoder: Annotated[str, Field(min_length=1, max_length=60)] = "bm25"
    """What makes sparse vectors: bm25, or where they are installed splade, bge-m3."""
    encoder_device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d{1,3})?)$")] = "auto"
    """Where splade and bge-m3 run: cpu, cuda, cuda:1 ...; auto takes a graphics card where there is one."""
    encoder_precision: Literal["auto", "full", "half", "bfloat16"] = "auto"
    """How exactly they reckon; auto is half on a graphics card and full on a CPU."""
    encoder_memory: Annotated[int, Field(ge=1_000_000)] | None = None
    """Bytes that one of their batches may take; a share of what is free when they start unless given."""
    corpus_terms: Annotated[int, Field(ge=1_000, le=100_000_000)] = 5_000_000
    """Terms whose document frequencies bm25 keeps; beyond, the rarest are dropped."""
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Vectors in one transaction."""

    cache_url: SecretStr | None = Field(
        None, validation_alias=AliasChoices("cache_url", "SERVICE_CACHE_URL", "REDIS_URL")
    )
    """Redis with the backend's cache."""
    cache_protected: CommaList = ("revoked_token:",)
    """Prefixes that are never cleared; clearing this one would revive revoked tokens."""
    cache_sample: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000
    """Keys looked at to count the cache by prefix."""

    thresholds_file: Path = Path("prometheus/thresholds.yml")
    """File with the signals whose levels operators may set, read again when it changes."""

    @field_validator(
        "allowed_hosts", "proxies", "repository_schemes", "trusted_hosts", "cache_protected", mode="before"
    )
    @classmethod
    def split_commas(cls, value: object) -> object:
        """Commas separate the words of an environment variable."""
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip())

    @field_validator("proxies")
    @classmethod
    def check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """A name would be believed whoever it leads to tomorrow."""
        for word in value:
            try:
                NetworkList((word,))
            except ValueError:
                raise ValueError(f"holds {word!r}; expected IP addresses or networks") from None
        return value

    @field_validator("broker_url", "edge_url", "cache_url", mode="before")
    @classmethod
    def empty_is_none(cls, value: object) -> object:
        """An empty URL names nothing."""
        return None if value == "" else value

    @field_validator("broker_url", "edge_url", "cache_url")
    @classmethod
    def check_redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        """Redis is the broker, the edge worker's queue and the cache."""
        if value is not None:
            parse_redis_url(value.get_secret_value())
        return value

    @field_validator("broker_url")
    @classmethod
    def check_broker_url(cls, value: SecretStr | None) -> SecretStr | None:
        """Sockets have another name in Celery."""
        if value and scheme_of(value.get_secret_value()) == "unix":
            raise ValueError(
                "begins with unix://, which Celery does not know; "
                "expected redis+socket:///PATH?virtual_host=NUMBER"
            )
        return value

    @field_validator("database_url", "resources_url")
    @classmethod
    def check_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        """A file of SQLite or a PostgreSQL, which is always spoken to through psycopg."""
        return SecretStr(normalize_database_url(value.get_secret_value())) if value else None

    @model_validator(mode="after")
    def check_consistency(self) -> Self:
        """A hard limit below the soft one would never let a job tidy up."""
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
        """Where the service keeps its own files."""
        return self.run_dir / "service"

    @property
    def database(self) -> str:
        """The SQLAlchemy address of the service's own database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.state_dir.absolute() / 'service.db'}"
