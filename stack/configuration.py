"""The configurations in force: the checked-in files with the addresses of this run."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from stack import receivers
from stack.errors import StackError
from stack.grafana.service import targets_file
from stack.relocation import relocate
from stack.settings import HOST, Settings
from stack.watched import Watched

Document = dict[str, Any]
# the jobs of services that are not always run: one that is not must not count as a target that is down
OPTIONAL = {"service": ("service", "service-thresholds"), "grafana": ("grafana",)}


@dataclass(frozen=True)
class Target:
    """Where a job scrapes, and with which token."""

    url: str
    token_file: Path | None = None


def targets(settings: Settings, watched: Watched) -> dict[str, Target]:
    """The target of every job that the stack runs or watches, by the job's name."""
    exporter = Target(f"http://{HOST}:{settings.exporter_port}")
    service = Target(f"http://{HOST}:{settings.service_port}")
    return {
        "exporter": exporter,
        "exporter-fast": exporter,
        "backend": Target(watched.url, watched.token_file),
        "prometheus": Target(f"http://{HOST}:{settings.prometheus_port}"),
        "alertmanager": Target(f"http://{HOST}:{settings.alertmanager_port}"),
        "service": service,
        "service-thresholds": service,
        "grafana": Target(f"http://{HOST}:{settings.grafana_port}"),
    }


def prometheus(
    source: Path, settings: Settings, watched: Watched, run: Collection[str] = OPTIONAL.keys()
) -> Path:
    """Write Prometheus' configuration for these services; StackError when a job or the file is missing."""
    document: Document = relocate(read(source), source, settings)
    absent = {job for name, jobs in OPTIONAL.items() if name not in run for job in jobs}
    leave_out(document, absent)
    for name, target in targets(settings, watched).items():
        if name not in absent:
            aim(job(document, name, source), target)
    if "grafana" in run:
        discover(job(document, "grafana", source), targets_file(settings))
    for configs in document.get("alerting", {}).get("alertmanagers", []):
        configs["static_configs"] = [{"targets": [f"{HOST}:{settings.alertmanager_port}"]}]
    document["rule_files"] = absolute(document.get("rule_files", []), source)
    return write(settings.home / "prometheus.yml", document)


def alertmanager(source: Path, settings: Settings, run: Collection[str] = OPTIONAL.keys()) -> Path:
    """Write Alertmanager's configuration for a run of these services; StackError when a file is missing."""
    document = relocate(read(source), source, settings)
    document["templates"] = absolute(document.get("templates", []), source)
    if "service" not in run:
        receivers.without_service(document, settings)
    return write(settings.home / "alertmanager.yml", document)


def leave_out(document: Document, jobs: Collection[str]) -> None:
    """Take these jobs out."""
    scraped = document.get("scrape_configs", [])
    document["scrape_configs"] = [it for it in scraped if it.get("job_name") not in jobs]


def job(document: Document, name: str, source: Path) -> Document:
    """The scrape configuration of this name; StackError when there is none."""
    for it in document.get("scrape_configs", []):
        if it.get("job_name") == name:
            return dict_of(it)
    raise StackError(f"{source} has no job {name!r}; expected one under scrape_configs")


def dict_of(value: Any) -> Document:
    """The mapping itself, typed."""
    if not isinstance(value, dict):
        raise StackError(f"{value!r} is no mapping; expected one")
    return value


def aim(it: Document, target: Target) -> None:
    """Let a job scrape this target."""
    parts = urlsplit(target.url)
    it["scheme"] = parts.scheme
    it["metrics_path"] = f"{parts.path.rstrip('/')}{it.get('metrics_path', '/metrics')}"
    it["static_configs"] = [{**labels_of(it), "targets": [parts.netloc]}]
    it.pop("authorization", None)
    if target.token_file is not None:
        it["authorization"] = {"type": "Bearer", "credentials_file": str(target.token_file)}


def discover(it: Document, file: Path) -> None:
    """Let a job scrape what this file names, as soon as it does: a target that comes later is not down."""
    file.unlink(missing_ok=True)
    del it["static_configs"]
    it["file_sd_configs"] = [{"files": [str(file)]}]


def labels_of(it: Mapping[str, Any]) -> Document:
    """The labels that the checked-in file gives to its targets."""
    configs = it.get("static_configs") or [{}]
    return {"labels": configs[0]["labels"]} if configs[0].get("labels") else {}


def absolute(patterns: list[str], source: Path) -> list[str]:
    """Patterns of files that the source names from its own folder."""
    return [str(source.parent.absolute() / pattern) for pattern in patterns]


def read(source: Path) -> Document:
    """The checked-in file; StackError when it cannot be read."""
    try:
        document = yaml.safe_load(source.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise StackError(f"{source} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise StackError(f"{source} holds no mapping; expected one of settings")
    return document


def write(path: Path, document: Document) -> Path:
    """Write YAML and return where it is."""
    path.write_text("# written by stack/ at every start\n" + yaml.safe_dump(document, sort_keys=False))
    return path
