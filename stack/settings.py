"""The settings of the stack, read once from the environment."""

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from stack.errors import StackError

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[1]

PortNumber = Annotated[int, Field(ge=1, le=65535)]


class Settings(BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    run_dir: Path = Field(Path(".run"), description="folder of the state, data and logs of a run")
    exporter_port: PortNumber = Field(9810, description="port of the exporter")
    service_port: PortNumber = Field(8090, description="port of the ingestion service, which receives alerts")
    prometheus_port: PortNumber = Field(9090, description="port of Prometheus")
    alertmanager_port: PortNumber = Field(9093, description="port of Alertmanager")
    grafana: bool = Field(True, description="start Grafana; download it if it is not installed")
    grafana_host: IPv4Address | IPv6Address = Field(
        IPv4Address(HOST),
        description="address of Grafana; only a loopback address allows viewing without sign-in",
    )
    grafana_port: PortNumber = Field(3000, description="port of Grafana")
    grafana_repository: Path | None = Field(
        None,
        description="YAML file that names another repository of Grafana, like stack/grafana/repository.yml",
    )
    exporter_config: Path | None = Field(None, description="settings file of the exporter, in YAML")
    ready_seconds: float = Field(
        60.0, gt=0, le=3600, description="seconds within which all processes must be ready"
    )
    backend_url: str | None = Field(
        None,
        pattern=r"^https?://[^/@\s]+(/\S*)?$",
        description="URL of the backend to monitor instead of the demo",
    )
    backend_token: SecretStr | None = Field(None, description="bearer token of that backend")
    backend_token_file: Path | None = Field(None, description="file with that bearer token")

    @property
    def home(self) -> Path:
        """The absolute folder of this run."""
        return self.run_dir.absolute()


def read_settings(**given: Any) -> Settings:
    """The settings from the environment. Raises StackError with one sentence for each wrong value."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise StackError("\n".join(map(_sentence, error.errors(include_url=False)))) from None


def _sentence(flaw: Any) -> str:
    name = str(flaw["loc"][0])
    if name == "backend_url":
        # the value may hold a password, which is one reason to refuse it
        return "BACKEND_URL is no address; expected http:// or https:// and a host, without credentials"
    message = flaw["msg"].replace("Input should be", "expected")
    return f"{name.upper()} is {flaw['input']!r}; {message[0].lower()}{message[1:]}"


def describe_settings() -> list[tuple[str, str, str]]:
    """Variable, default and meaning of every setting, in order."""
    return [
        (name.upper(), _default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
