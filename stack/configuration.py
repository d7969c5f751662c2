"""The configurations in force: the checked-in files with the addresses of this run."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from stack import receivers
from stack.config_paths import replace_defaults
from stack.errors import StackError
from stack.grafana.service import targets_file
from stack.settings import HOST, Settings
from stack.target_system import TargetSystem

YamlMapping = dict[str, Any]
# the jobs of services that are not always run: one that is not must not count as a target that is down
OPTIONAL_JOBS = {"service": ("service", "service-thresholds"), "grafana": ("grafana",)}


@dataclass(frozen=True)
class ScrapeTarget:
    """Where a job scrapes, and with which token."""

    url: str
    token_file: Path | None = None


def scrape_targets(settings: Settings, watched: TargetSystem) -> dict[str, ScrapeTarget]:
    """The target of every job that the stack runs or watches, by the job's name."""
    exporter = ScrapeTarget(f"http://{HOST}:{settings.exporter_port}")
    service = ScrapeTarget(f"http://{HOST}:{settings.service_port}")
    return {
        "exporter": exporter,
        "exporter-fast": exporter,
        "backend": ScrapeTarget(watched.url, watched.token_file),
        "prometheus": ScrapeTarget(f"http://{HOST}:{settings.prometheus_port}"),
        "alertmanager": ScrapeTarget(f"http://{HOST}:{settings.alertmanager_port}"),
        "service": service,
        "service-thresholds": service,
        "grafana": ScrapeTarget(f"http://{HOST}:{settings.grafana_port}"),
    }


def write_prometheus(
    source: Path, settings: Settings, watched: TargetSystem, run: Collection[str] = OPTIONAL_JOBS.keys()
) -> Path:
    """Write Prometheus' configuration for these services; StackError when a job or the file is missing."""
    document: YamlMapping = replace_defaults(read_yaml(source), source, settings)
    absent = {job for name, jobs in OPTIONAL_JOBS.items() if name not in run for job in jobs}
    remove_jobs(document, absent)
    for name, target in scrape_targets(settings, watched).items():
        if name not in absent:
            set_target(scrape_config(document, name, source), target)
    if "grafana" in run:
        set_targets_file(scrape_config(document, "grafana", source), targets_file(settings))
    for configs in document.get("alerting", {}).get("alertmanagers", []):
        configs["static_configs"] = [{"targets": [f"{HOST}:{settings.alertmanager_port}"]}]
    document["rule_files"] = absolute_patterns(document.get("rule_files", []), source)
    return write_yaml(settings.home / "prometheus.yml", document)


def write_alertmanager(source: Path, settings: Settings, run: Collection[str] = OPTIONAL_JOBS.keys()) -> Path:
    """Write Alertmanager's configuration for a run of these services; StackError when a file is missing."""
    document = replace_defaults(read_yaml(source), source, settings)
    document["templates"] = absolute_patterns(document.get("templates", []), source)
    if "service" not in run:
        receivers.remove_service_webhook(document, settings)
    return write_yaml(settings.home / "alertmanager.yml", document)


def remove_jobs(document: YamlMapping, jobs: Collection[str]) -> None:
    """Take these jobs out."""
    scraped = document.get("scrape_configs", [])
    document["scrape_configs"] = [it for it in scraped if it.get("job_name") not in jobs]


def scrape_config(document: YamlMapping, name: str, source: Path) -> YamlMapping:
    """The scrape configuration of this name; StackError when there is none."""
    for it in document.get("scrape_configs", []):
        if it.get("job_name") == name:
            return as_mapping(it)
    raise StackError(f"{source} has no job {name!r}; expected one under scrape_configs")


def as_mapping(value: Any) -> YamlMapping:
    """The mapping itself, typed."""
    if not isinstance(value, dict):
        raise StackError(f"{value!r} is no mapping; expected one")
    return value


def set_target(it: YamlMapping, target: ScrapeTarget) -> None:
    """Let a job scrape this target."""
    parts = urlsplit(target.url)
    it["scheme"] = parts.scheme
    it["metrics_path"] = f"{parts.path.rstrip('/')}{it.get('metrics_path', '/metrics')}"
    it["static_configs"] = [{**target_labels(it), "targets": [parts.netloc]}]
    it.pop("authorization", None)
    if target.token_file is not None:
        it["authorization"] = {"type": "Bearer", "credentials_file": str(target.token_file)}


def set_targets_file(it: YamlMapping, file: Path) -> None:
    """Let a job scrape what this file names, as soon as it does: a target that comes later is not down."""
    file.unlink(missing_ok=True)
    del it["static_configs"]
    it["file_sd_configs"] = [{"files": [str(file)]}]


def target_labels(it: Mapping[str, Any]) -> YamlMapping:
    """The labels that the checked-in file gives to its targets."""
    configs = it.get("static_configs") or [{}]
    return {"labels": configs[0]["labels"]} if configs[0].get("labels") else {}


def absolute_patterns(patterns: list[str], source: Path) -> list[str]:
    """Patterns of files that the source names from its own folder."""
    return [str(source.parent.absolute() / pattern) for pattern in patterns]


def read_yaml(source: Path) -> YamlMapping:
    """The checked-in file; StackError when it cannot be read."""
    try:
        document = yaml.safe_load(source.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise StackError(f"{source} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise StackError(f"{source} holds no mapping; expected one of settings")
    return document


def write_yaml(path: Path, document: YamlMapping) -> Path:
    """Write YAML and return where it is."""
    path.write_text("# written by stack/ at every start\n" + yaml.safe_dump(document, sort_keys=False))
    return path
