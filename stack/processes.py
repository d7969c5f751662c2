"""The processes of the stack. To add one, write a function and add it to PROCESSES."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stack import ingestion
from stack.errors import StackError
from stack.grafana.server import grafana_spec
from stack.process_spec import Port, ProcessSpec
from stack.settings import HOST, ROOT, Settings
from stack.table import short_path
from stack.target_system import TargetSystem

WORKER_SECONDS = 20.0  # within which a worker with a broker is online, also on a busy machine
# rules every 250 ms make much garbage; collecting it more seldom saves a quarter of the CPU time
PROMETHEUS_ENVIRONMENT = {"GOGC": "400"}


@dataclass(frozen=True)
class RunContext:
    """The settings, target and configurations of this run."""

    settings: Settings
    target: TargetSystem
    prometheus_file: Path
    alertmanager_file: Path


def demo_process(context: RunContext) -> ProcessSpec | None:
    """The demo backend, unless another backend is given."""
    it = context.target.demo
    if it is None:
        return None
    ports = [Port(it.port, "DEMO_PORT"), Port(it.control_port, "DEMO_CONTROL_PORT")]
    if it.redis_url is None:
        ports.append(Port(it.redis_port, "DEMO_REDIS_PORT"))
    if ingestion.repository_url(context.target):
        ports.append(Port(it.git_port, "DEMO_GIT_PORT"))
    if it.database_url is None and it.database == "postgres":
        ports.append(Port(it.postgres_port, "DEMO_POSTGRES_PORT"))
    return ProcessSpec(
        name="demo",
        command=(sys.executable, "-m", "demo"),
        ready_url=f"http://{HOST}:{it.control_port}/ready",
        url=context.target.url,
        description=f"the demo (token: {short_path(it.home / 'token')}); faults at port {it.control_port}",
        ports=tuple(ports),
        environment={"RUN_DIR": str(context.settings.home)},
    )


def exporter_process(context: RunContext) -> ProcessSpec:
    """The exporter of the target system's metrics."""
    settings = context.settings
    port = settings.exporter_port
    config = ("--config", str(settings.exporter_config.absolute())) if settings.exporter_config else ()
    return ProcessSpec(
        name="exporter",
        command=(sys.executable, "-m", "exporter", *config),
        ready_url=f"http://{HOST}:{port}/-/ready",
        url=f"http://{HOST}:{port}",
        description="metrics of what the backend reports and what is observed: /metrics",
        ports=(Port(port, "EXPORTER_PORT"),),
        environment={
            **context.target.environment,
            "SERVICE_URL": service_process(context).url,
            "PROMETHEUS_URL": f"http://{HOST}:{settings.prometheus_port}",
            "EXPORTER_PORT": str(port),
            "EXPORTER_HOST": HOST,
        },
    )


def service_process(context: RunContext) -> ProcessSpec:
    """The ingestion service."""
    environment = ingestion.service_environment(context.settings, context.target)
    port, token = context.settings.service_port, ingestion.token_location(context.settings)
    return ProcessSpec(
        name="service",
        command=(sys.executable, "-m", "ingestion_api"),
        # it serves pages and the webhook without its dependencies, too
        ready_url=f"http://{HOST}:{port}/-/healthy",
        health_url=f"http://{HOST}:{port}/-/ready",
        url=f"http://{HOST}:{port}",
        description=f"ingest, embeddings, cache, alerts (sign in with {token})",
        ports=(Port(port, "SERVICE_PORT"),),
        environment=environment,
    )


def worker_process(context: RunContext) -> ProcessSpec | None:
    """The Celery worker of the service; None without a Redis for its queue."""
    service = service_process(context)
    if not service.environment["SERVICE_BROKER_URL"]:
        return None
    queues = ("-Q", "ingestion,embeddings", "-c", "2", "-n", "watchroom-one@%h", "--loglevel", "INFO")
    return ProcessSpec(
        name="service-worker",
        command=(sys.executable, "-m", "celery", "-A", "ingestion_api.celery_worker.app", "worker", *queues),
        # it listens on no port, and is online once its broker responds
        ready_url=service.ready_url,
        health_url=f"{service.url}/-/workers",
        settle_seconds=WORKER_SECONDS,
        url=f"{service.url}/workers",
        description="the worker that runs its jobs",
        ports=(),
        environment=service.environment,
        wait_for=(service.ready_url,),
    )


def prometheus_process(context: RunContext) -> ProcessSpec:
    """Prometheus."""
    port = context.settings.prometheus_port
    return ProcessSpec(
        name="prometheus",
        command=(
            find_program("prometheus"),
            f"--config.file={context.prometheus_file}",
            f"--storage.tsdb.path={context.settings.home / 'prometheus'}",
            f"--web.listen-address={HOST}:{port}",
            "--web.enable-lifecycle",
            "--rules.alert.resend-delay=5s",
            # the runbooks that alerts link to
            f"--web.user-assets={ROOT / 'docs'}",
        ),
        ready_url=f"http://{HOST}:{port}/-/ready",
        url=f"http://{HOST}:{port}",
        description="queries; targets: Status, Targets; rules: Alerts",
        ports=(Port(port, "PROMETHEUS_PORT"),),
        environment=PROMETHEUS_ENVIRONMENT,
        # so that its first scrape finds all targets, and the start itself raises no alert
        wait_for=ready_urls(demo_process(context), exporter_process(context), service_process(context)),
    )


def alertmanager_process(context: RunContext) -> ProcessSpec:
    """Alertmanager."""
    port = context.settings.alertmanager_port
    return ProcessSpec(
        name="alertmanager",
        command=(
            find_program("prometheus-alertmanager", "alertmanager"),
            f"--config.file={context.alertmanager_file}",
            f"--storage.path={context.settings.home / 'alertmanager'}",
            f"--web.listen-address={HOST}:{port}",
            # alone, it must not wait ten seconds for peers before the first notification
            "--cluster.listen-address=",
        ),
        ready_url=f"http://{HOST}:{port}/-/ready",
        url=f"http://{HOST}:{port}",
        description="routes notifications, keeps silences; Debian's has no pages",
        ports=(Port(port, "ALERTMANAGER_PORT"),),
    )


def grafana_process(context: RunContext) -> ProcessSpec | None:
    """Grafana; None with GRAFANA=no."""
    return grafana_spec(context.settings)


PROCESSES: tuple[Callable[[RunContext], ProcessSpec | None], ...] = (
    demo_process,
    exporter_process,
    service_process,
    worker_process,
    prometheus_process,
    alertmanager_process,
    grafana_process,
)


def process_specs(context: RunContext) -> list[ProcessSpec]:
    """The processes of this run."""
    return [process for entry in PROCESSES if (process := entry(context)) is not None]


def ready_urls(*others: ProcessSpec | None) -> tuple[str, ...]:
    """The URLs that respond once these are ready."""
    return tuple(other.ready_url for other in others if other is not None)


def find_program(*names: str) -> str:
    """The path of the first of these programs that is installed. Raises StackError."""
    for name in names:
        if found := shutil.which(name):
            return found
    raise StackError(f"{names[0]} is not installed; `make setup` installs it")
