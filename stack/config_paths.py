"""A checked-in configuration moved to this run: its addresses and the files it names."""

from pathlib import Path
from typing import Any

from stack.settings import HOST, Settings

# whose addresses appear inside configurations, beside the targets of jobs
PORT_SETTINGS = ("service_port", "grafana_port", "prometheus_port", "alertmanager_port", "exporter_port")
DEFAULT_HOME = ".run"


def replace_defaults(value: Any, source: Path, settings: Settings) -> Any:
    """The same value with default addresses and relative files replaced by those of this run."""
    if isinstance(value, dict):
        return {key: _replace_entry(key, it, source, settings) for key, it in value.items()}
    if isinstance(value, list):
        return [replace_defaults(it, source, settings) for it in value]
    return _replace_address(value, settings) if isinstance(value, str) else value


def _replace_entry(key: str, value: Any, source: Path, settings: Settings) -> Any:
    if key.endswith("_file") and isinstance(value, str):
        return str(path_in_run(value, source, settings))
    return replace_defaults(value, source, settings)


def _replace_address(value: str, settings: Settings) -> str:
    for name in PORT_SETTINGS:
        default = f"http://{HOST}:{Settings.model_fields[name].default}"
        if value == default or value.startswith(f"{default}/"):
            return f"http://{HOST}:{getattr(settings, name)}{value.removeprefix(default)}"
    return value


def path_in_run(name: str, source: Path, settings: Settings) -> Path:
    """The absolute path of a file that the source names from its own folder, in the folder of this run."""
    path = (source.parent / name).resolve()
    default_home = (source.parent.parent / DEFAULT_HOME).resolve()
    return settings.home / path.relative_to(default_home) if path.is_relative_to(default_home) else path
