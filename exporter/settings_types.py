"""The types of which settings are made."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from redis.asyncio.connection import parse_url

from exporter.database_url import database_address

Seconds = Annotated[float, Field(gt=0, le=3600)]
Port = Annotated[int, Field(ge=0, le=65535)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
HttpUrl = Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]


def understood(url: SecretStr) -> SecretStr:
    """The URL of a database that can be asked. Raises ValueError."""
    database_address(url.get_secret_value())
    return url


DatabaseUrl = Annotated[SecretStr, AfterValidator(understood)]


def redis_address(url: SecretStr) -> SecretStr:
    """The URL of a Redis server. Raises ValueError, whose text does not hold the URL."""
    try:
        parse_url(url.get_secret_value())
    except ValueError:
        raise ValueError(
            "is a hidden value that is no Redis URL; "
            "expected redis://HOST:PORT/NUMBER, rediss://HOST:PORT/NUMBER or unix://PATH"
        ) from None
    return url


RedisUrl = Annotated[SecretStr, AfterValidator(redis_address)]


def known_zone(name: str) -> str:
    """The name of a time zone. Raises ValueError."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"is {name[:40]!r}; expected the name of a time zone, as UTC or Europe/Berlin"
        ) from None
    return name


TimeZone = Annotated[str, AfterValidator(known_zone)]


class Section(BaseModel):
    """A part of the settings; a field that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
