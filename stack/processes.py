"""The processes of the stack, in the order of the table. To add one, add one function and its name below."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stack import ingestion
from stack.errors import StackError
from stack.grafana.service import grafana_spec as grafana_service
from stack.process_spec import Port, ProcessSpec
from stack.settings import HOST, ROOT, Settings
from stack.shown import short_path
from stack.target_system import TargetSystem

WORKER_SECONDS = 20.0  # in which a worker whose broker answers is online, also on a busy machine


@dataclass(frozen=True)
class RunContext:
    """What every entry may ask about this run."""

    settings: Settings
    watched: TargetSystem
    prometheus_file: Path
    alertmanager_file: Path


def demo_process(plan: RunContext) -> ProcessSpec | None:
    """The backend to watch, unless one is given."""
    it = plan.watched.demo
    if it is None:
        return None
    ports = [Port(it.port, "DEMO_PORT"), Port(it.control_port, "DEMO_CONTROL_PORT")]
    if it.redis_url is None:
        ports.append(Port(it.redis_port, "DEMO_REDIS_PORT"))
    if ingestion.repository_url(plan.watched):
        ports.append(Port(it.git_port, "DEMO_GIT_PORT"))
    if it.database_url is None and it.database == "postgres":
        ports.append(Port(it.postgres_port, "DEMO_POSTGRES_PORT"))
    return ProcessSpec(
        name="demo",
        command=(sys.executable, "-m", "demo"),
        ready=f"http://{HOST}:{it.control_port}/ready",
        url=plan.watched.url,
        see=f"the watched backend (token: {short_path(it.home / 'token')}); faults at port {it.control_port}",
        ports=tuple(ports),
        environment={"RUN_DIR": str(plan.settings.home)},
    )


def exporter_process(plan: RunContext) -> ProcessSpec:
    """What looks at the watched system."""
    settings = plan.settings
    port = settings.exporter_port
    config = ("--config", str(settings.exporter_config.absolute())) if settings.exporter_config else ()
    return ProcessSpec(
        name="exporter",
        command=(sys.executable, "-m", "exporter", *config),
        ready=f"http://{HOST}:{port}/-/ready",
        url=f"http://{HOST}:{port}",
        see="what is reported and what is observed: /metrics",
        ports=(Port(port, "EXPORTER_PORT"),),
        environment={
            **plan.watched.environment,
            "SERVICE_URL": service_process(plan).url,
            "PROMETHEUS_URL": f"http://{HOST}:{settings.prometheus_port}",
            "EXPORTER_PORT": str(port),
            "EXPORTER_HOST": HOST,
        },
    )


def service_process(plan: RunContext) -> ProcessSpec:
    """The ingestion service; it starts beside the demo."""
    environment = ingestion.service_environment(plan.settings, plan.watched)
    port = plan.settings.service_port
    return ProcessSpec(
        name="service",
        command=(sys.executable, "-m", "ingestion_api"),
        # it serves pages and the webhook also while what it needs is away
        ready=f"http://{HOST}:{port}/-/healthy",
        health=f"http://{HOST}:{port}/-/ready",
        url=f"http://{HOST}:{port}",
        see=f"ingest, embeddings, cache, alerts (sign in with {ingestion.token_location(plan.settings)})",
        ports=(Port(port, "SERVICE_PORT"),),
        environment=environment,
    )


def worker_process(plan: RunContext) -> ProcessSpec | None:
    """What does the service's jobs, where a Redis is known for its queue."""
    its = service_process(plan)
    if not its.environment["SERVICE_BROKER_URL"]:
        return None
    queues = ("-Q", "ingestion,embeddings", "-c", "2", "-n", "watchroom-one@%h", "--loglevel", "INFO")
    return ProcessSpec(
        name="service-worker",
        command=(sys.executable, "-m", "celery", "-A", "ingestion_api.celery_worker.app", "worker", *queues),
        # it listens on no port, and comes online once its broker answers
        ready=its.ready,
        health=f"{its.url}/-/workers",
        settle_seconds=WORKER_SECONDS,
        url=f"{its.url}/workers",
        see="who does its jobs",
        ports=(),
        environment=its.environment,
        after=(its.ready,),
    )


def prometheus_process(plan: RunContext) -> ProcessSpec:
    """What keeps the measurements and evaluates the rules."""
    port = plan.settings.prometheus_port
    return ProcessSpec(
        name="prometheus",
        command=(
            find_program("prometheus"),
            f"--config.file={plan.prometheus_file}",
            f"--storage.tsdb.path={plan.settings.home / 'prometheus'}",
            f"--web.listen-address={HOST}:{port}",
            "--web.enable-lifecycle",
            "--rules.alert.resend-delay=5s",
            # the runbooks that alerts link to
            f"--web.user-assets={ROOT / 'docs'}",
        ),
        ready=f"http://{HOST}:{port}/-/ready",
        url=f"http://{HOST}:{port}",
        see="queries; what is scraped: Status, Targets; rules: Alerts",
        ports=(Port(port, "PROMETHEUS_PORT"),),
        # so that its first look finds them, and no alert about the start itself is raised
        after=ready_urls(demo_process(plan), exporter_process(plan), service_process(plan)),
    )


def alertmanager_process(plan: RunContext) -> ProcessSpec:
    """What sends pages."""
    port = plan.settings.alertmanager_port
    return ProcessSpec(
        name="alertmanager",
        command=(
            find_program("prometheus-alertmanager", "alertmanager"),
            f"--config.file={plan.alertmanager_file}",
            f"--storage.path={plan.settings.home / 'alertmanager'}",
            f"--web.listen-address={HOST}:{port}",
            # alone, it must not wait ten seconds for peers before the first page
            "--cluster.listen-address=",
        ),
        ready=f"http://{HOST}:{port}/-/ready",
        url=f"http://{HOST}:{port}",
        see="alerts that page, silences",
        ports=(Port(port, "ALERTMANAGER_PORT"),),
    )


def grafana_process(plan: RunContext) -> ProcessSpec | None:
    """The dashboards."""
    return grafana_service(plan.settings)


PROCESSES: tuple[Callable[[RunContext], ProcessSpec | None], ...] = (
    demo_process,
    exporter_process,
    service_process,
    worker_process,
    prometheus_process,
    alertmanager_process,
    grafana_process,
)


def process_specs(plan: RunContext) -> list[ProcessSpec]:
    """The processes of this run."""
    return [service_process for entry in PROCESSES if (service_process := entry(plan)) is not None]


def ready_urls(*others: ProcessSpec | None) -> tuple[str, ...]:
    """What answers when these are ready."""
    return tuple(other.ready for other in others if other is not None)


def find_program(*names: str) -> str:
    """The path of the first of these programs that is installed; StackError when none is."""
    for name in names:
        if found := shutil.which(name):
            return found
    raise StackError(f"{names[0]} is not installed; `make setup` installs it")
