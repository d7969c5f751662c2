"""The signed repository that holds Grafana's package: host, key and version, from one file."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stack.errors import StackError

FILE = Path(__file__).with_name("repository.yml")

Address = Annotated[str, Field(pattern=r"^https?://[^\s\[\]\"]+$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*$")]


class Repository(BaseModel):
    """What apt needs to know of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uri: Address
    suite: Word
    component: Word
    key_url: Address
    fingerprint: Annotated[str, Field(pattern=r"^[0-9A-F]{40}$")]
    package: Word
    # apt's own pattern: an asterisk stands for anything
    version: Annotated[str, Field(pattern=r"^[0-9][A-Za-z0-9.+~*-]*$")]

    @property
    def source(self) -> str:
        """The line of a sources list; apt accepts only signatures by the key of this fingerprint."""
        return f"deb [signed-by={self.fingerprint}] {self.uri} {self.suite} {self.component}"

    @property
    def wanted(self) -> str:
        """The package and its version, as apt-get takes them."""
        return f"{self.package}={self.version}"


def read_repository(path: Path) -> Repository:
    """The repository of this file; StackError with one sentence when the file is wrong."""
    try:
        return Repository.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, yaml.YAMLError) as error:
        raise StackError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        flaw = error.errors(include_url=False)[0]
        name = ".".join(map(str, flaw["loc"])) or "the file"
        raise StackError(f"{path}: {name} is {flaw['input']!r}; {flaw['msg']}") from None
