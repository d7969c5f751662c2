"""The types of settings: durations, ports, and the URLs of databases, Redis servers and Celery."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from connections import redis_url
from connections.redis_url import SCHEMES, is_redis, with_master_name

Seconds = Annotated[float, Field(gt=0, le=3600)]
Port = Annotated[int, Field(ge=0, le=65535)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]


def check_database_url(url: SecretStr) -> SecretStr:
    """The URL of a database that the exporter can read. Raises ValueError."""
    parse_database_url(url.get_secret_value())
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(check_database_url)]


ANY_NAME = "any"  # a master name for the check; the real one is a setting of its own


def check_redis_url(url: SecretStr) -> SecretStr:
    """The URL of a Redis server, or of another kind of server. Raises ValueError for an invalid URL."""
    if url_scheme(url) in ("", *SCHEMES):
        redis_url.parse_redis_url(url.get_secret_value())
    return url


def check_celery_url(url: SecretStr) -> SecretStr:
    """The same for Celery, whose master name for Sentinels is a setting of its own."""
    check_redis_url(SecretStr(with_master_name(url.get_secret_value(), ANY_NAME)))
    return url


def url_scheme(url: SecretStr) -> str:
    """The scheme of the URL in lower case, empty where it has none."""
    return redis_url.scheme_of(url.get_secret_value())


def readable_url(url: SecretStr | None) -> SecretStr | None:
    """The URL where it is that of a Redis server, which the exporter can read; else None."""
    return None if url is None or unreadable_reasons("", url) else url


def unreadable_reasons(setting: str, url: SecretStr | None) -> tuple[str, ...]:
    """One sentence where the exporter cannot read what this setting names; else none."""
    if url is None:
        return ()
    text = url.get_secret_value()
    if not is_redis(text):
        kinds = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        return (
            f"{setting} begins with {url_scheme(url)}://, which the exporter cannot read; it reads Redis "
            f"({kinds}) and watches all else",
        )
    if with_master_name(text, ANY_NAME) != text:
        return (f"{setting} names Sentinels and celery.master_name is not set; all else is watched",)
    return ()


RedisUrl = Annotated[SecretStr, AfterValidator(check_redis_url)]
CeleryUrl = Annotated[SecretStr, AfterValidator(check_celery_url)]


def check_time_zone(name: str) -> str:
    """The name of a time zone. Raises ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"is {name[:40]!r}; expected the name of a time zone, as UTC or Europe/Berlin"
        ) from None
    return name


TimeZone = Annotated[str, AfterValidator(check_time_zone)]


class SettingsSection(BaseModel):
    """A section of the settings; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


EXPECTED = "expected postgresql+psycopg://USER:PASSWORD@HOST/NAME or sqlite:///FILE"


def parse_database_url(url: str) -> URL:
    """The parts of an SQLAlchemy URL for PostgreSQL or a SQLite file, whatever driver it names.

    Raises ValueError, whose text follows the setting's name and does not hold the URL.
    """
    try:
        address = make_url(url.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        raise ValueError(f"is a hidden value that is no SQLAlchemy URL; {EXPECTED}") from None
    kind = address.get_backend_name()
    if kind not in ("postgresql", "sqlite"):
        raise ValueError(f"is a hidden value for another kind of database; {EXPECTED}")
    if kind == "sqlite" and not sqlite_file(address):
        raise ValueError("is a SQLite database in memory, which no other process can see; expected a file")
    return address


def sqlite_file(address: URL) -> str:
    """The file that a SQLite URL names, empty for a database in memory."""
    name = (address.database or "").removeprefix("file:").partition("?")[0]
    in_memory = name == ":memory:" or address.query.get("mode") == "memory"
    return "" if in_memory else name
