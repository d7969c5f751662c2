"""The types of which settings are made."""

import re
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


READABLE = ("redis", "rediss", "unix")
SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+._-]*(?=://)")


def redis_address(url: SecretStr) -> SecretStr:
    """The URL of a Redis server, or of something else that is let be. Raises ValueError without it."""
    if scheme_of(url) not in ("", *READABLE):
        return url
    try:
        parse_url(url.get_secret_value())
    except ValueError:
        raise ValueError(
            "is a hidden value that is no Redis URL; "
            "expected redis://HOST:PORT/NUMBER, rediss://HOST:PORT/NUMBER or unix://PATH"
        ) from None
    return url


def scheme_of(url: SecretStr) -> str:
    """The scheme of the URL in lower case, empty where it has none."""
    found = SCHEME.match(url.get_secret_value())
    return found[0].lower() if found else ""


def readable(url: SecretStr | None) -> SecretStr | None:
    """The URL where the exporter can read what is there: one Redis server."""
    return url if url is not None and scheme_of(url) in READABLE else None


def unreadable(setting: str, url: SecretStr | None) -> tuple[str, ...]:
    """One sentence where this setting names something that the exporter cannot read."""
    if url is None or readable(url) is not None:
        return ()
    return (
        f"{setting} begins with {scheme_of(url)}://, which the exporter cannot read; it reads a single Redis "
        "server (redis://, rediss:// or unix://) and watches all else",
    )


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
