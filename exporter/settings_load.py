"""Loads settings: the environment before the YAML file, and one sentence for each invalid value."""

import os
import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, YamlConfigSettingsSource
from pydantic_settings import SettingsError as UnreadableVariable

from exporter.settings import Settings

# the names that operators already use for these values, beside OPS_SECTION__FIELD
WELL_KNOWN = {
    "BACKEND_URL": ("backend", "url"),
    "BACKEND_TOKEN": ("backend", "token"),
    "BACKEND_TOKEN_FILE": ("backend", "token_file"),
    "DATABASE_URL": ("database", "url"),
    "REDIS_URL": ("redis", "url"),
    "CELERY_BROKER_URL": ("celery", "broker_url"),
    "CELERY_RESULT_BACKEND": ("celery", "results_url"),
    "INGESTION_REDIS_URL": ("ingestion", "url"),
    "SERVICE_URL": ("service", "url"),
    "PROMETHEUS_URL": ("anomalies", "prometheus_url"),
    "EXPORTER_HOST": ("web", "host"),
    "EXPORTER_PORT": ("web", "port"),
}
SECRETS = ("url", "token", "broker_url", "results_url")
DEFAULT_FILE = Path("exporter.yml")
# what Kubernetes sets in every container for a service of the same namespace
SERVICE_LINK = re.compile(
    r"_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$"
)


class SettingsError(Exception):
    """One or more invalid settings; each line is one sentence."""


class WellKnownVariables(PydanticBaseSettingsSource):
    """Reads the environment variables that backends of this kind already use."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Unused: __call__ gives all at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, dict[str, str]] = {}
        for variable, (section, name) in WELL_KNOWN.items():
            if value := os.environ.get(variable):
                found.setdefault(section, {})[name] = value
        return found


def load_settings(file: Path | None = None) -> Settings:
    """The settings in force. Raises SettingsError with one sentence for each invalid value."""
    if file is not None and not file.is_file():
        raise SettingsError(f"the settings file {file} does not exist; expected a readable YAML file")

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (named by pydantic-settings)
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            from_file = yaml_source(settings_cls, file or DEFAULT_FILE)
            return init_settings, env_settings, WellKnownVariables(settings_cls), from_file

    try:
        return FromFile()
    except UnreadableVariable as error:
        raise SettingsError(json_sentence(error)) from None
    except ValidationError as error:
        raise SettingsError("\n".join(map(error_sentence, error.errors()))) from None


def unknown_variables(names: Iterable[str]) -> list[str]:
    """One sentence for each of these variables that looks like a setting and is none.

    They are told and not refused: an orchestrator may set OPS_... variables of its own. Those of Kubernetes
    for a service are not told.
    """
    known = setting_variables()
    return [
        unknown_sentence(name, known)
        for name in sorted(names)
        if name.upper().startswith("OPS_") and not is_setting(name.upper(), known)
        if not SERVICE_LINK.search(name)
    ]


def is_setting(name: str, known: list[str]) -> bool:
    """Whether this is a setting, or one in a section, whose names pydantic checks."""
    section, inner, _ = name.partition("__")
    return name in known or bool(inner and any(it.startswith(f"{section}__") for it in known))


def setting_variables() -> list[str]:
    """The variable of every section, and of every setting in it."""
    names = []
    for section, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", {})
        names += [f"OPS_{section}", *(f"OPS_{section}__{name}" for name in inner)]
    return [name.upper() for name in names]


def unknown_sentence(name: str, known: list[str]) -> str:
    """The sentence, with the name that was perhaps meant."""
    single = [it for it in known if not any(other.startswith(f"{it}__") for other in known)]
    near = get_close_matches(name.upper(), single, n=1, cutoff=0.85)
    guess = f"did you mean {near[0]}? " if near else ""
    return f"{name} is not a setting and has no effect; {guess}docs/settings.md lists those that are"


def yaml_source(settings: type[BaseSettings], file: Path) -> YamlConfigSettingsSource:
    """The settings of this file; none where it does not exist. Raises SettingsError."""
    if not file.is_file():
        return YamlConfigSettingsSource(settings, None)
    import yaml  # noqa: PLC0415  (1 MiB, which only a file needs)

    try:
        return YamlConfigSettingsSource(settings, file)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise SettingsError(f"the settings file {file} is no YAML at line {line}") from None


def json_sentence(error: UnreadableVariable) -> str:
    """One sentence that names the variable of a list or a section whose text is no JSON."""
    text = getattr(error.__cause__, "doc", None)
    names = [name for name, value in os.environ.items() if name.upper().startswith("OPS_") and value == text]
    return f'{names[0] if names else error} is no JSON; expected a list as ["a", "b"] or an object'


def error_sentence(error: Any) -> str:
    """One sentence that names the setting, its value and what was expected."""
    path = [str(step) for step in error["loc"]]
    name = ".".join(path)
    if error["type"] == "extra_forbidden":
        return f"{name} is not a setting; docs/settings.md lists those that are"
    if error["type"] == "value_error":
        return f"{name} {error['ctx']['error']}"
    return f"{name} is {shown_value(path, error['input'])}; {expectation(error)}{variable_hint(path)}"


def shown_value(path: list[str], value: object) -> str:
    """The value as text; a value that can hold a password is hidden."""
    text = str(value)
    hidden = path[-1] in SECRETS and not (path[0] in ("backend", "service") and "@" not in text)
    hidden = hidden or ("url" in path[-1] and "@" in text)
    return "a hidden value" if hidden or path[-1] == "token" else repr(value)[:80]


def expectation(error: Any) -> str:
    """The expected value, from the message of the failed check."""
    message = str(error["msg"])
    if "^https?" in message:
        return "expected http:// or https:// and a host, without credentials"
    return message.replace("Input should be", "expected").replace("String should", "expected to")


def variable_hint(path: list[str]) -> str:
    """The well-known environment variable of a setting, in brackets, where there is one."""
    names = [name for name, where in WELL_KNOWN.items() if list(where) == path]
    return f" (environment: {names[0]})" if names else ""
