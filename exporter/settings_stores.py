"""Settings of the backend's database and of the Redis database that is its cache."""

from typing import Annotated

from pydantic import Field

from exporter.settings_types import (
    DatabaseUrl,
    RedisUrl,
    Seconds,
    SettingsSection,
)


class DatabaseSettings(SettingsSection):
    """The backend's database, queried directly."""

    url: DatabaseUrl | None = Field(
        None, description="SQLAlchemy URL of the backend's database; none: it is not polled"
    )
    timeout: Seconds = Field(
        1.0,
        description="seconds that the exporter's SELECT 1 may take; then it is tried once more, over a new"
        " connection, before the database counts as down",
    )
    fast_period: Seconds = Field(0.4, description="seconds within which SELECT 1 is sent at most once")
    period: Seconds = Field(30.0, description="seconds between two reads of tables and sizes")
    slow_timeout: Seconds = Field(10.0, description="seconds that a background statement may take")
    statistics_period: Seconds = Field(
        5.0, description="seconds between two reads of PostgreSQL's sessions, locks and counters"
    )
    rows_period: Seconds = Field(
        60.0, description="seconds between two counts of rows in the backend's tables"
    )
    file_lock: float = Field(
        0.25,
        gt=0,
        le=10,
        description="seconds for which a read of the exporter may block the writers of a SQLite file",
    )
    tables: int = Field(40, ge=1, le=500, description="biggest tables that are shown by name")
    indexes: int = Field(
        40,
        ge=1,
        le=500,
        description="biggest indexes that are shown by name",
    )
    statements: int = Field(
        10,
        ge=0,
        le=100,
        description="heaviest statements that are shown, where pg_stat_statements is installed",
    )
    statement_text: int = Field(
        0,
        ge=0,
        le=400,
        description="characters of a heavy statement's text that are shown, without values and comments; 0:"
        " none. Only a SELECT, INSERT, UPDATE, DELETE, MERGE or WITH has a text",
    )
    long_transaction: Seconds = Field(60.0, description="seconds from which a transaction counts as long")
    databases: int = Field(
        20, ge=1, le=200, description="databases of one PostgreSQL server that are shown by name"
    )
    sparse_sample: int = Field(
        50, ge=0, le=1000, description="newest sparse vectors of each model that are audited"
    )
    vocabularies: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {"BAAI/bge-m3": 250_002, "naver/splade-cocondenser-ensembledistil": 30_522},
        description="tokens that a model has, by the name stored beside its vectors",
    )


class RedisSettings(SettingsSection):
    """The Redis database that serves the backend as a cache."""

    url: RedisUrl | None = Field(
        None, description="URL of the Redis database that is the cache; none: it is not polled"
    )
    timeout: Seconds = Field(1.0, description="seconds that a command may take")
    fast_period: Seconds = Field(0.4, description="seconds within which PING is sent at most once")
    server_period: Seconds = Field(
        5.0, description="seconds within which INFO, SLOWLOG and LATENCY are sent at most once"
    )
    keys_period: Seconds = Field(60.0, description="seconds between two scans of the keys")
    keys_seconds: Seconds = Field(5.0, description="seconds after which a scan of the keys stops")
    keys_sample: int = Field(
        2000,
        ge=0,
        le=1_000_000,
        description="keys whose memory is measured in a scan; each takes a command, and after many of them "
        "the next scan waits longer",
    )
    keys: int = Field(10, ge=0, le=100, description="biggest keys that are shown")
    key_groups: int = Field(20, ge=0, le=200, description="key prefixes that are shown by name")
    key_separator: str = Field(
        ":",
        min_length=1,
        max_length=4,
        description="separator that ends the prefix by which keys are grouped",
    )
    sensitive_prefixes: tuple[str, ...] = Field(
        ("revoked_token", "rate_limit", "session", "token"),
        description="prefixes of keys whose rest is secret",
    )
