"""Read the settings from a YAML file and the environment, and describe each of them."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import AliasChoices, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from ingestion_api.settings import Settings


class SettingsError(ValueError):
    """An invalid setting; the text names it, its value and what was expected."""


def load_settings(config: Path | None = None) -> Settings:
    """Load the settings; SettingsError names the first invalid one."""
    try:
        return _FileSettings(**(_read_file(config) if config else {}))
    except ValidationError as error:
        raise SettingsError(_error_sentence(error)) from None


class _FileSettings(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def _read_file(config: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(config.read_text()) or {}
    except OSError as error:
        raise SettingsError(f"settings file {config} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"settings file {config} is not YAML: {error}") from None
    if not isinstance(values, dict):
        kind = type(values).__name__
        raise SettingsError(f"settings file {config} holds a {kind}; expected names and values")
    return values


def _error_sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return f"{name}: {message}"
    return f"{name} is {_display_value(name, first['input'])}: {message[0].lower()}{message[1:]}"


def _display_value(name: str, value: object) -> str:
    # addresses and tokens may hold passwords
    return "not shown" if name.endswith(("token", "url")) else repr(value)


def misspelled_variables(names: Iterable[str]) -> list[str]:
    """One sentence for each of these variables that is nearly, but not quite, the name of a setting.

    Other SERVICE_... variables may be anybody's, so only a near miss is told, and none is refused.
    """
    known = [name for variables, _, _ in describe_settings() for name in variables.split(" or ")]
    return [
        f"{name} is not a setting and has no effect; did you mean {near[0]}? "
        "docs/settings.md lists those that are"
        for name in sorted(names)
        if name.upper().startswith("SERVICE_") and name.upper() not in known
        if (near := get_close_matches(name.upper(), known, n=1, cutoff=0.9))
    ]


def describe_settings() -> Iterator[tuple[str, str, str]]:
    """Environment variable, default and description of every setting, in the order of the class."""
    for name, field in Settings.model_fields.items():
        yield (
            _variable_names(name, field.validation_alias),
            _display_default(field.default),
            field.description or "",
        )


def _variable_names(name: str, alias: object) -> str:
    if isinstance(alias, AliasChoices):
        return " or ".join(str(choice) for choice in alias.choices if str(choice).isupper())
    return f"SERVICE_{name.upper()}"


def _display_default(default: object) -> str:
    if default is None or default in ((), {}):
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return ",".join(default) if isinstance(default, tuple) else str(default)
