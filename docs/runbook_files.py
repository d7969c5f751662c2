"""The runbooks of docs/runbooks/, one per alert."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, RootModel, ValidationError, model_validator

from prometheus.config_file import ConfigFileError, ConfigModel, error_sentence, read_yaml

FOLDER = Path(__file__).with_name("runbooks")
Sentence = Annotated[str, Field(min_length=10, pattern=r"[.]$")]
Sentences = Annotated[tuple[Sentence, ...], Field(min_length=1)]


class ConfirmationStep(ConfigModel):
    """One step to confirm an alert: a query to Prometheus or a command, and what it shows."""

    query: str = ""
    run: str = ""
    see: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def one_of_both(self) -> "ConfirmationStep":
        """A step is either a query or a command."""
        if bool(self.query) == bool(self.run):
            raise ValueError("has both or neither of query and run; expected one")
        return self


class Runbook(ConfigModel):
    """What an alert means, how to confirm it, its likely causes and what to do."""

    means: Sentence
    confirm: Annotated[tuple[ConfirmationStep, ...], Field(min_length=1)]
    causes: Sentences
    act: Sentences


class Page(RootModel[dict[str, Runbook]]):
    """The runbooks of one file by alert."""


class Runbooks(dict[str, Runbook]):
    """The runbooks of all alerts."""

    def __missing__(self, alert: str) -> Runbook:
        raise ConfigFileError(
            f"docs/runbooks/ has no runbook for {alert}; expected means, confirm, causes and act in one of "
            "its files"
        )


def load_runbooks(folder: Path = FOLDER) -> Runbooks:
    """All runbooks by alert. Raises ConfigFileError with one sentence per mistake."""
    found = Runbooks()
    for file in sorted(folder.glob("*.yml")):
        for alert, runbook in load_page(file).items():
            if alert in found:
                raise ConfigFileError(f"{file.name} has a second runbook for {alert}; expected one")
            found[alert] = runbook
    return found


def load_page(file: Path) -> dict[str, Runbook]:
    """The runbooks of one file. Raises ConfigFileError."""
    try:
        return Page.model_validate(read_yaml(file)).root
    except ValidationError as error:
        raise ConfigFileError("\n".join(error_sentence(file.name, it) for it in error.errors())) from None
