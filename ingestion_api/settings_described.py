"""What is said of each setting: its variable, its default, its meaning."""

from collections.abc import Iterator

from pydantic import AliasChoices, SecretStr

from ingestion_api.settings import Settings


def describe_settings() -> Iterator[tuple[str, str, str]]:
    """Environment variable, default and meaning of every setting, in the order of the class."""
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
