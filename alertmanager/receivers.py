"""The typed content of receivers.yml, and each error in it as one sentence."""

from itertools import combinations
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, model_validator

from prometheus.config_file import ConfigFileError, ConfigModel, error_sentence, read_yaml

FILE = Path(__file__).with_name("receivers.yml")
Url = Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]
TimeOfDay = Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
WEEKDAY = "(mon|tues|wednes|thurs|fri|satur|sun)day"
WeekdayRange = Annotated[str, Field(pattern=f"^{WEEKDAY}(:{WEEKDAY})?$")]
FilePath = Annotated[str, Field(min_length=1)]


def time_zone(name: str) -> str:
    """The name of an existing time zone. Raises ValueError for another."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError("is no time zone; expected one like Europe/Berlin") from None
    return name


class ReceiversError(Exception):
    """receivers.yml is invalid; each line of the text is one error."""


class Webhook(ConfigModel):
    """A webhook, with a bearer token from a file."""

    url: Url
    token_file: FilePath | None = None


class PagerDuty(ConfigModel):
    """PagerDuty, with an integration key from a file."""

    key_file: FilePath


class Slack(ConfigModel):
    """A Slack channel, with a webhook address from a file."""

    webhook_file: FilePath
    channel: Annotated[str, Field(pattern=r"^[#@]")]


class Email(ConfigModel):
    """An e-mail address, with a password from a file."""

    to: Annotated[str, Field(pattern=r"@")]
    sender: Annotated[str, Field(alias="from", pattern=r"@")]
    smarthost: Annotated[str, Field(pattern=r":\d+$")]
    username: str | None = None
    password_file: FilePath | None = None


class MuteTimeInterval(ConfigModel):
    """Hours in which warnings are muted."""

    name: Annotated[str, Field(pattern=r"^[a-z-]+$")]
    days: tuple[WeekdayRange, ...] = ()
    start: Annotated[TimeOfDay, Field(alias="from")]
    end: Annotated[TimeOfDay, Field(alias="to")]
    location: Annotated[str, AfterValidator(time_zone)] = "UTC"

    @model_validator(mode="after")
    def hours_in_order(self) -> Self:
        """An interval ends on the day on which it starts."""
        if self.start >= self.end:
            raise ValueError(
                f"goes from {self.start} to {self.end}; expected a later end, and two entries over midnight"
            )
        return self


class Receivers(ConfigModel):
    """The content of the file."""

    service: Webhook
    pagerduty: PagerDuty | None = None
    slack: Slack | None = None
    email: Email | None = None
    deadman: Webhook | None = None
    mute: tuple[MuteTimeInterval, ...] = ()

    @model_validator(mode="after")
    def names_are_unique(self) -> Self:
        """Names of mute times are unique."""
        for one, other in combinations(self.mute, 2):
            if one.name == other.name:
                raise ValueError(f"has two mute times named {one.name}; expected a name for each")
        return self


def load(file: Path = FILE) -> Receivers:
    """The receivers of this file. Raises ReceiversError with one sentence per error."""
    try:
        return Receivers.model_validate(read_yaml(file))
    except ConfigFileError as error:
        raise ReceiversError(str(error)) from None
    except ValidationError as error:
        raise ReceiversError(
            "\n".join(error_sentence(file.name, e, shows_value=False) for e in error.errors())
        ) from None
