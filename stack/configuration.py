"""The configurations of this run: the checked-in files with its addresses and paths."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from prometheus.peer_jobs import NAMES
from stack import receivers
from stack.errors import StackError
from stack.grafana.server import targets_file
from stack.settings import HOST, Settings
from stack.target_system import TargetSystem

YamlMapping = dict[str, Any]
# jobs of processes that some runs leave out, so that no target counts as down there
OPTIONAL_JOBS = {"service": ("service", "service-thresholds"), "grafana": ("grafana",)}
# the settings whose default addresses appear inside configurations, beside the targets of jobs
PORT_SETTINGS = ("service_port", "grafana_port", "prometheus_port", "alertmanager_port", "exporter_port")
DEFAULT_HOME = ".run"


@dataclass(frozen=True)
class ScrapeTarget:
    """The URL that a job scrapes, and the file with its bearer token."""

    url: str
    token_file: Path | None = None


def write_prometheus(
    source: Path, settings: Settings, target: TargetSystem, run: Collection[str] = OPTIONAL_JOBS.keys()
) -> Path:
    """Write Prometheus' configuration for these processes. Raises StackError."""
    document: YamlMapping = replace_defaults(read_yaml(source), source, settings)
    absent = {job for name, jobs in OPTIONAL_JOBS.items() if name not in run for job in jobs}
    remove_jobs(document, absent)
    parts = [it["job_name"] for it in document["scrape_configs"] if it.get("job_name") in NAMES]
    for name, scraped in scrape_targets(settings, target, parts).items():
        if name not in absent:
            set_target(scrape_config(document, name, source), scraped)
    if "grafana" in run:
        set_targets_file(scrape_config(document, "grafana", source), targets_file(settings))
    for configs in document.get("alerting", {}).get("alertmanagers", []):
        configs["static_configs"] = [{"targets": [f"{HOST}:{settings.alertmanager_port}"]}]
    document["rule_files"] = absolute_patterns(document.get("rule_files", []), source)
    return write_yaml(settings.home / "prometheus.yml", document)


def write_alertmanager(source: Path, settings: Settings, run: Collection[str] = OPTIONAL_JOBS.keys()) -> Path:
    """Write Alertmanager's configuration for these processes. Raises StackError."""
    document = replace_defaults(read_yaml(source), source, settings)
    document["templates"] = absolute_patterns(document.get("templates", []), source)
    if "service" not in run:
        receivers.remove_service_webhook(document, settings)
    return write_yaml(settings.home / "alertmanager.yml", document)


def scrape_targets(
    settings: Settings, target: TargetSystem, parts: Collection[str] = ()
) -> dict[str, ScrapeTarget]:
    """The target of every job, by the job's name; `parts` are jobs of parts of the exporter's page."""
    exporter = ScrapeTarget(f"http://{HOST}:{settings.exporter_port}")
    service = ScrapeTarget(f"http://{HOST}:{settings.service_port}")
    return {
        "exporter": exporter,
        "exporter-fast": exporter,
        **dict.fromkeys(parts, exporter),
        "backend": ScrapeTarget(target.url, target.token_file),
        "prometheus": ScrapeTarget(f"http://{HOST}:{settings.prometheus_port}"),
        "alertmanager": ScrapeTarget(f"http://{HOST}:{settings.alertmanager_port}"),
        "service": service,
        "service-thresholds": service,
        "grafana": ScrapeTarget(f"http://{HOST}:{settings.grafana_port}"),
    }


def remove_jobs(document: YamlMapping, jobs: Collection[str]) -> None:
    """Remove the scrape configurations of these jobs."""
    configs = document.get("scrape_configs", [])
    document["scrape_configs"] = [it for it in configs if it.get("job_name") not in jobs]


def scrape_config(document: YamlMapping, name: str, source: Path) -> YamlMapping:
    """The scrape configuration of this job. Raises StackError."""
    for it in document.get("scrape_configs", []):
        if it.get("job_name") == name and isinstance(it, dict):
            return it
    raise StackError(f"{source} has no job {name!r}; expected one under scrape_configs")


def set_target(config: YamlMapping, target: ScrapeTarget) -> None:
    """Make a job scrape this target."""
    parts = urlsplit(target.url)
    config["scheme"] = parts.scheme
    config["metrics_path"] = f"{parts.path.rstrip('/')}{config.get('metrics_path', '/metrics')}"
    config["static_configs"] = [{**target_labels(config), "targets": [parts.netloc]}]
    config.pop("authorization", None)
    if target.token_file is not None:
        config["authorization"] = {"type": "Bearer", "credentials_file": str(target.token_file)}


def set_targets_file(config: YamlMapping, file: Path) -> None:
    """Make a job read its targets from a file, since a target that joins later is not down before."""
    file.unlink(missing_ok=True)
    del config["static_configs"]
    config["file_sd_configs"] = [{"files": [str(file)]}]


def target_labels(config: Mapping[str, Any]) -> YamlMapping:
    """The labels that the checked-in file gives to the targets of a job."""
    configs = config.get("static_configs") or [{}]
    return {"labels": configs[0]["labels"]} if configs[0].get("labels") else {}


def replace_defaults(value: Any, source: Path, settings: Settings) -> Any:
    """The same value with default addresses and relative files replaced by those of this run."""
    if isinstance(value, dict):
        return {
            key: str(path_in_run(it, source, settings))
            if key.endswith("_file") and isinstance(it, str)
            else replace_defaults(it, source, settings)
            for key, it in value.items()
        }
    if isinstance(value, list):
        return [replace_defaults(it, source, settings) for it in value]
    return replace_address(value, settings) if isinstance(value, str) else value


def replace_address(value: str, settings: Settings) -> str:
    """The address at the port of this run, if the value begins with an address at a default port."""
    for name in PORT_SETTINGS:
        default = f"http://{HOST}:{Settings.model_fields[name].default}"
        if value == default or value.startswith(f"{default}/"):
            return f"http://{HOST}:{getattr(settings, name)}{value.removeprefix(default)}"
    return value


def path_in_run(name: str, source: Path, settings: Settings) -> Path:
    """The absolute path of a file that the source names relative to itself; `.run` is this run's folder."""
    path = (source.parent / name).resolve()
    default_home = (source.parent.parent / DEFAULT_HOME).resolve()
    return settings.home / path.relative_to(default_home) if path.is_relative_to(default_home) else path


def absolute_patterns(patterns: list[str], source: Path) -> list[str]:
    """Patterns of files that the source names relative to itself."""
    return [str(source.parent.absolute() / pattern) for pattern in patterns]


def read_yaml(source: Path) -> YamlMapping:
    """The mapping in a YAML file. Raises StackError."""
    try:
        document = yaml.safe_load(source.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise StackError(f"{source} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise StackError(f"{source} holds no mapping; expected one of settings")
    return document


def write_yaml(path: Path, document: YamlMapping) -> Path:
    """Write YAML and return its path."""
    path.write_text("# written by stack/ at every start\n" + yaml.safe_dump(document, sort_keys=False))
    return path
