"""Every setting of the exporter, typed; read once at the edge from one YAML file and the environment."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from exporter.anomaly.holiday_calendar import check_country, check_subdivision
from exporter.settings_backend import DEFAULT_MODULES, BackendSettings, JudgementSettings, ModuleSettings
from exporter.settings_queues import CelerySettings, IngestionSettings
from exporter.settings_stores import DatabaseSettings, RedisSettings
from exporter.settings_types import (
    HttpUrl,
    Port,
    Seconds,
    SettingsSection,
)


class WebSettings(SettingsSection):
    """The exporter's own page."""

    host: str = Field("127.0.0.1", description="address that the exporter listens on")
    port: Port = Field(9810, description="port that the exporter listens on")
    token_file: Path | None = Field(
        None,
        description="file with the bearer token that readers of the page must send; none: anyone may read",
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


class ServiceSettings(SettingsSection):
    """Our own ingestion service, polled over HTTP as any client polls it."""

    url: HttpUrl | None = Field(None, description="address of the ingestion service; none: it is not polled")
    timeout: Seconds = Field(2.0, description="seconds that one of its routes may take")
    period: Seconds = Field(5.0, description="seconds between two requests to an ordinary route")
    embeddings_period: Seconds = Field(
        15.0, description="seconds between two requests for the embeddings, which count rows in the database"
    )
    max_bytes: int = Field(2_000_000, ge=10_000, description="bytes from which a response is refused")
    heartbeat_timeout: Seconds = Field(
        60.0,
        description="seconds without a heartbeat from which a worker is down, whatever the service reports",
    )
    workers: int = Field(50, ge=1, le=1000, description="workers that are shown by name")


class AnomalySettings(SettingsSection):
    """Anomaly detection, fed by the Prometheus that scrapes this exporter."""

    prometheus_url: HttpUrl | None = Field(
        None, description="address of the Prometheus that records ops:watched; none: no anomaly detection"
    )
    enabled: bool = Field(True, description="false: no anomaly detection, although prometheus_url is set")
    period: float = Field(
        60.0, ge=15, le=300, description="seconds between two samples of a series, a row of the detector"
    )
    timeout: Seconds = Field(
        10.0, description="seconds that a response of Prometheus may take; the first poll reads many"
    )
    series: int = Field(
        250,
        ge=1,
        le=2000,
        description="series that are watched; at the start whole signals and modules go before other parts",
    )
    learn: float = Field(
        86_400.0,
        ge=3600,
        le=604_800,
        description="seconds of samples, past ones too, before a series can have an anomaly",
    )
    holidays: tuple[date, ...] = Field(
        (), description="dates, in UTC, that are compared with Sundays instead of their own weekday"
    )
    holiday_country: Annotated[str, AfterValidator(check_country)] | None = Field(
        None,
        description="country (ISO 3166-1, as DE) whose public holidays are compared with Sundays as well; "
        "it takes 12 MiB of memory",
    )
    holiday_subdivision: str | None = Field(
        None, description="part of that country with holidays of its own, as BY for Bavaria"
    )
    max_bytes: int = Field(
        2_000_000, ge=10_000, description="bytes from which a response of Prometheus is divided or refused"
    )

    @property
    def source_url(self) -> str | None:
        """The address of Prometheus; None without anomaly detection."""
        return self.prometheus_url if self.enabled else None

    @field_validator("holiday_subdivision")
    @classmethod
    def part_of_the_country(cls, subdivision: str | None, info: ValidationInfo) -> str | None:
        """The part, if it is one of the country's."""
        if subdivision is not None and "holiday_country" in info.data:
            check_subdivision(info.data["holiday_country"], subdivision)
        return subdivision


class LimitSettings(SettingsSection):
    """Limits of the metrics page, whatever the sources return."""

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
    routes: int = Field(
        100, ge=1, le=2000, description="routes that are shown by name on the page of a job fastapi"
    )


class Settings(BaseSettings):
    """All settings of the exporter; settings_load.py reads their values."""

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
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="lowest level that is logged"
    )
