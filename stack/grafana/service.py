"""The process of Grafana in the list of processes of a run."""

import sys
from pathlib import Path

from stack.grafana.server import environment, find_home, folder, sign_in, url
from stack.process_spec import Port, ProcessSpec
from stack.settings import Settings


def grafana_spec(settings: Settings) -> ProcessSpec | None:
    """The dashboards; None with GRAFANA=no. Raises StackError where the repository's file is wrong."""
    if not settings.grafana:
        return None
    address = url(settings)
    return ProcessSpec(
        name="grafana",
        # finds or downloads Grafana, and becomes it
        command=(sys.executable, "-m", "stack.grafana"),
        ready=f"{address}/api/health",
        url=address,
        see=f"dashboards ({sign_in(settings)})",
        ports=(Port(settings.grafana_port, "GRAFANA_PORT", str(settings.grafana_host)),),
        environment=environment(settings),
        optional=True,
        awaited=find_home(settings) is not None,
        status_file=folder(settings) / "status",
    )


def targets_file(settings: Settings) -> Path:
    """The file by which Prometheus learns that there is a Grafana to scrape."""
    return folder(settings) / "targets.json"
