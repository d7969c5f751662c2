"""The typed content of receivers.yml: who is told, and every mistake in it as one sentence."""

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FILE = Path(__file__).with_name("receivers.yml")
Url = Annotated[str, Field(pattern=r"^https?://[^\s@]+$")]
Time = Annotated[str, Field(pattern=r"^([01]\d|2[0-4]):[0-5]\d$")]


class ReceiversError(Exception):
    """receivers.yml cannot be used; each line of the text is one sentence."""


class Strict(BaseModel):
    """A part of the file; a key that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Webhook(Strict):
    """A page that takes alerts as JSON, with the bearer token of a file."""

    url: Url
    token_file: str | None = None


class PagerDuty(Strict):
    """PagerDuty, with the integration key of a file."""

    key_file: str


class Slack(Strict):
    """A Slack channel, with the webhook address of a file."""

    webhook_file: str
    channel: Annotated[str, Field(pattern=r"^[#@]")]


class Email(Strict):
    """A mailbox, with the password of a file."""

    to: Annotated[str, Field(pattern=r"@")]
    sender: Annotated[str, Field(alias="from", pattern=r"@")]
    smarthost: Annotated[str, Field(pattern=r":\d+$")]
    username: str | None = None
    password_file: str | None = None


class Mute(Strict):
    """Hours in which warnings are held back."""

    name: Annotated[str, Field(pattern=r"^[a-z-]+$")]
    days: tuple[str, ...] = ()
    start: Annotated[Time, Field(alias="from")]
    end: Annotated[Time, Field(alias="to")]
    location: str = "UTC"


class Receivers(Strict):
    """The whole file."""

    service: Webhook
    pagerduty: PagerDuty | None = None
    slack: Slack | None = None
    email: Email | None = None
    deadman: Webhook | None = None
    mute: tuple[Mute, ...] = ()


def load(file: Path = FILE) -> Receivers:
    """The receivers of this file. Raises ReceiversError with one sentence for each mistake."""
    try:
        return Receivers.model_validate(yaml.safe_load(file.read_text()))
    except OSError as error:
        raise ReceiversError(f"{file} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise ReceiversError(f"{file.name} is no YAML at line {line}") from None
    except ValidationError as error:
        raise ReceiversError("\n".join(sentence(file.name, e) for e in error.errors())) from None


def sentence(file: str, error: Any) -> str:
    """One sentence that names the place and what was expected; values may be secrets, so none is shown."""
    place = ".".join(str(step) for step in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        return f"{file}: {place} is not a key that is known here"
    expected = str(error["msg"]).replace("Field required", "expected a value")
    return f"{file}: {place} is wrong; {expected.replace('String should', 'expected it to')}"
