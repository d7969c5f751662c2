"""The typed content of receivers.yml: who is told, and every mistake in it as one sentence."""

from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, model_validator

from prometheus.config_file import ConfigFileError, ConfigModel, read_yaml

FILE = Path(__file__).with_name("receivers.yml")
Url = Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]
TimeOfDay = Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
WEEKDAY = "(mon|tues|wednes|thurs|fri|satur|sun)day"
WeekdayRange = Annotated[str, Field(pattern=f"^{WEEKDAY}(:{WEEKDAY})?$")]
FilePath = Annotated[str, Field(min_length=1)]


def time_zone(name: str) -> str:
    """The name of a time zone that there is."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError("is no time zone; expected one like Europe/Berlin") from None
    return name


class ReceiversError(Exception):
    """receivers.yml cannot be used; each line of the text is one sentence."""


class Webhook(ConfigModel):
    """A page that takes alerts as JSON, with the bearer token of a file."""

    url: Url
    token_file: FilePath | None = None


class PagerDuty(ConfigModel):
    """PagerDuty, with the integration key of a file."""

    key_file: FilePath


class Slack(ConfigModel):
    """A Slack channel, with the webhook address of a file."""

    webhook_file: FilePath
    channel: Annotated[str, Field(pattern=r"^[#@]")]


class Email(ConfigModel):
    """A mailbox, with the password of a file."""

    to: Annotated[str, Field(pattern=r"@")]
    sender: Annotated[str, Field(alias="from", pattern=r"@")]
    smarthost: Annotated[str, Field(pattern=r":\d+$")]
    username: str | None = None
    password_file: FilePath | None = None


class MuteTimeInterval(ConfigModel):
    """Hours in which warnings are held back."""

    name: Annotated[str, Field(pattern=r"^[a-z-]+$")]
    days: tuple[WeekdayRange, ...] = ()
    start: Annotated[TimeOfDay, Field(alias="from")]
    end: Annotated[TimeOfDay, Field(alias="to")]
    location: Annotated[str, AfterValidator(time_zone)] = "UTC"

    @model_validator(mode="after")
    def hours_in_order(self) -> Self:
        """An interval ends on the day on which it begins."""
        if self.start >= self.end:
            raise ValueError(
                f"goes from {self.start} to {self.end}; expected a later end, and two entries over midnight"
            )
        return self


class Receivers(ConfigModel):
    """The whole file."""

    service: Webhook
    pagerduty: PagerDuty | None = None
    slack: Slack | None = None
    email: Email | None = None
    deadman: Webhook | None = None
    mute: tuple[MuteTimeInterval, ...] = ()

    @model_validator(mode="after")
    def names_are_unique(self) -> Self:
        """No two intervals have the same name."""
        for one, other in combinations(self.mute, 2):
            if one.name == other.name:
                raise ValueError(f"has two mute times named {one.name}; expected a name for each")
        return self


def load(file: Path = FILE) -> Receivers:
    """The receivers of this file. Raises ReceiversError with one sentence for each mistake."""
    try:
        return Receivers.model_validate(read_yaml(file))
    except ConfigFileError as error:
        raise ReceiversError(str(error)) from None
    except ValidationError as error:
        raise ReceiversError("\n".join(error_sentence(file.name, e) for e in error.errors())) from None


def error_sentence(file: str, error: Any) -> str:
    """One sentence that names the place and what was expected; values may be secrets, so none is shown."""
    place = ".".join(str(step) for step in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{file}: {place} is not a key that is known here"
    if error["type"] == "missing":
        return f"{file}: {place} is missing"
    if error["type"] == "value_error":
        return f"{file}: {place} {error['ctx']['error']}".replace(":  ", ": ")
    expected = str(error["msg"]).replace("String should", "expected it to").replace("Input", "it")
    return f"{file}: {place} is wrong; {expected}"
