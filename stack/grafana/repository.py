"""The signed repository of Grafana's package: host, key and version, read from one file."""

import re
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stack.errors import StackError

FILE = Path(__file__).with_name("repository.yml")

Address = Annotated[str, Field(pattern=r"^https?://[^\s\[\]\"]+$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*$")]


class Repository(BaseModel):
    """The entries of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: Address
    suite: Word
    component: Word
    key_url: Address
    fingerprint: Annotated[str, Field(pattern=r"^[0-9A-F]{40}$")]
    package: Word
    # an asterisk matches anything, as in apt
    version: Annotated[str, Field(pattern=r"^[0-9][A-Za-z0-9.+~*-]*$")]

    @property
    def source(self) -> str:
        """The line of a sources list; apt accepts signatures by the pinned key only."""
        return f"deb [signed-by={self.fingerprint}] {self.uri} {self.suite} {self.component}"

    @property
    def shown_uri(self) -> str:
        """The address as it is told, without a password."""
        return without_password(self.uri)

    @property
    def wanted(self) -> str:
        """The package and its version as an argument of apt-get."""
        return f"{self.package}={self.version}"


def without_password(text: str) -> str:
    """The text with its URLs, without users and passwords in them."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)


def read_repository(path: Path) -> Repository:
    """The repository that this file names. Raises StackError with one sentence."""
    try:
        return Repository.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise StackError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        flaw = error.errors(include_url=False)[0]
        name = ".".join(map(str, flaw["loc"])) or "the file"
        raise StackError(
            f"{path}: {name} is {without_password(repr(flaw['input']))}; {flaw['msg']}"
        ) from None
