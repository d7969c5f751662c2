"""Every setting of the service and its workers, typed; read once, at the edge."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Words = Annotated[tuple[str, ...], NoDecode]
RedisUrl = Annotated[SecretStr, Field(min_length=1)]


class Settings(BaseSettings):
    """All settings; each is `SERVICE_<NAME>` in the environment, which wins over the YAML file."""

    model_config = SettingsConfigDict(env_prefix="SERVICE_", extra="forbid", frozen=True)

    # where it listens, where it keeps its state
    host: str = "127.0.0.1"
    port: Port = 8090
    run_dir: Path = Field(Path(".run"), validation_alias=AliasChoices("run_dir", "RUN_DIR"))
    database_url: SecretStr | None = None  # sqlite file in run_dir/service unless given
    broker_url: RedisUrl = SecretStr("redis://127.0.0.1:6379/0")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    public_url: str | None = None  # how browsers reach the service; https makes cookies Secure

    # who may act
    token: SecretStr | None = None
    token_file: Path | None = None
    webhook_token: SecretStr | None = None  # for Alertmanager; the operators' token works as well
    webhook_token_file: Path | None = None
    attempts: Annotated[int, Field(ge=1, le=10_000)] = 10  # failed ones, per address and window
    attempts_window: Seconds = 60.0
    body_limit: Annotated[int, Field(ge=1_000, le=100_000_000)] = 1_000_000

    # jobs
    queue_limit: Annotated[int, Field(ge=1, le=100_000)] = 10
    job_ttl: Seconds = 86_400.0
    soft_time_limit: Seconds = 1_800.0
    hard_time_limit: Seconds = 1_860.0
    lease: Seconds = 15.0  # a running job unheard of for this long is taken to be lost
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    max_losses: Annotated[int, Field(ge=1, le=1000)] = 5  # how often a job may lose its worker
    retry_base: Seconds = 5.0
    retry_cap: Seconds = 300.0
    outbox_period: Seconds = 1.0
    publish_grace: Seconds = 10.0  # a message unseen in the broker for this long is published again

    # workers
    worker_type: Literal["cloud", "edge"] = "cloud"
    heartbeat_period: Seconds = 5.0
    degraded_after: Seconds = 15.0
    offline_after: Seconds = 60.0

    # the existing edge worker
    dispatch: Literal["celery", "edge"] = "celery"
    edge_url: SecretStr | None = None
    edge_layout: Literal["neo", "pharos"] = "neo"
    edge_offline_after: Seconds = 300.0

    # repositories
    repository_schemes: Words = ("https",)
    trusted_hosts: Words = ()  # host or host:port that may be private, and speak http
    repository_ca_file: Path | None = None
    clone_seconds: Seconds = 300.0
    clone_bytes: Annotated[int, Field(ge=1_000)] = 500_000_000
    clone_files: Annotated[int, Field(ge=1)] = 20_000
    file_bytes: Annotated[int, Field(ge=1)] = 1_000_000

    # resources and their embeddings
    resources_url: SecretStr | None = None  # the service's own database unless given
    resources_table: str = "resources"
    resources_columns: dict[str, str] = {}  # our name -> the table's, where they differ
    resources_defaults: dict[str, Any] = {}  # values of further columns that must not be null
    encoder: Annotated[str, Field(min_length=1, max_length=60)] = "bm25"
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 100

    # the cache that may be cleared
    cache_url: SecretStr | None = Field(
        None, validation_alias=AliasChoices("cache_url", "SERVICE_CACHE_URL", "REDIS_URL")
    )
    cache_protected: Words = ("revoked_token:",)  # clearing these would revive revoked tokens
    cache_sample: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000

    @field_validator("repository_schemes", "trusted_hosts", "cache_protected", mode="before")
    @classmethod
    def words(cls, value: object) -> object:
        """Commas separate the words of an environment variable."""
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip())

    @field_validator("broker_url", "edge_url", "cache_url")
    @classmethod
    def redis_address(cls, value: SecretStr | None) -> SecretStr | None:
        """Redis is the broker, the edge worker's queue and the cache."""
        if value and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("is not a Redis address; expected redis://, rediss:// or unix://")
        return value

    @model_validator(mode="after")
    def limits_in_order(self) -> Self:
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
