"""The types of the settings: durations, ports, lists, URLs of databases, Redis servers and HTTP servers."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from connections.redis_url import parse_redis_url, scheme_of
from ingestion_api.networks import NetworkList

PSYCOPG = "postgresql+psycopg"
EXPECTED = "expected sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Days = Annotated[int, Field(ge=0, le=36_500)]
Kept = Annotated[int, Field(ge=0, le=1_000_000_000)]
Port = Annotated[int, Field(ge=0, le=65_535)]


def split_commas(value: object) -> object:
    """Split the text of an environment variable at commas."""
    if not isinstance(value, str):
        return value
    return tuple(word.strip() for word in value.split(",") if word.strip())


def check_networks(value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse host names, whose addresses may change. Raises ValueError."""
    for word in value:
        try:
            NetworkList((word,))
        except ValueError:
            raise ValueError(f"holds {word!r}; expected IP addresses or networks") from None
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_commas)]
Networks = Annotated[CommaList, AfterValidator(check_networks)]


def normalize_database_url(url: str) -> str:
    """The URL with the installed driver; ValueError for an unsupported database."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise ValueError(f"is no database address; {EXPECTED}") from None
    if address.drivername in ("postgresql", "postgres", PSYCOPG):
        return address.set(drivername=PSYCOPG).render_as_string(hide_password=False)
    if address.drivername != "sqlite" or not address.database or address.database == ":memory:":
        raise ValueError(f"names {address.drivername}, or no file; {EXPECTED}")
    return url


def check_database_url(value: SecretStr | None) -> SecretStr | None:
    """Accept SQLite files and PostgreSQL, always with psycopg. Raises ValueError."""
    return SecretStr(normalize_database_url(value.get_secret_value())) if value else None


def empty_is_none(value: object) -> object:
    """Read an empty URL as none."""
    return None if value == "" else value


def check_redis_url(value: SecretStr | None) -> SecretStr | None:
    """Refuse what is no Redis URL. Raises ValueError."""
    if value is not None:
        parse_redis_url(value.get_secret_value())
    return value


def check_broker_url(value: SecretStr | None) -> SecretStr | None:
    """Refuse unix://, which Celery writes differently. Raises ValueError."""
    if value and scheme_of(value.get_secret_value()) == "unix":
        raise ValueError(
            "begins with unix://, which Celery does not know; expected redis+socket:///PATH?virtual_host=NUMBER"
        )
    return value


def check_http_url(value: SecretStr | None) -> SecretStr | None:
    """Refuse what is no HTTP URL. Raises ValueError."""
    if value is not None and not value.get_secret_value().startswith(("http://", "https://")):
        raise ValueError("begins with neither http:// nor https://")
    return value


DatabaseUrl = Annotated[SecretStr | None, AfterValidator(check_database_url)]
RedisUrl = Annotated[SecretStr | None, BeforeValidator(empty_is_none), AfterValidator(check_redis_url)]
BrokerUrl = Annotated[RedisUrl, AfterValidator(check_broker_url)]
HttpUrl = Annotated[SecretStr | None, BeforeValidator(empty_is_none), AfterValidator(check_http_url)]
