"""A watched system with everything that pages, as `make run` would start it, and an inbox for the pages."""

import json
import os
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2

from benchmarks.system import addresses, bound_to, demo_in, exporter_in, is_ready, split_cores
from stack import configuration, settings
from stack.process_spec import ProcessSpec
from stack.processes import RunContext, alertmanager_process, prometheus_process
from stack.settings import ROOT
from stack.target_system import TargetSystem
from tests.alertmanager.alertmanager_process import configuration as inbox_routes
from tests.alertmanager.inbox import Inbox, open_inbox
from tests.servers.fixtures import postgres_folder, started
from tests.servers.ports import free_port
from tests.servers.postgres_server import PostgresServer
from tests.servers.processes import Server
from tests.servers.prometheus_server import written
from tests.servers.redis_server import RedisServer


@dataclass(frozen=True)
class Testbed:
    """The processes, and where to reach them."""

    redis: RedisServer
    postgres: PostgresServer
    demo: Server
    exporter: Server
    alertmanager: Server
    prometheus: Server
    inbox: Inbox
    environment: Mapping[str, str]
    alertmanager_url: str
    prometheus_url: str
    prometheus_file: Path

    def token(self) -> str:
        """The bearer token of the demo."""
        return Path(self.environment["BACKEND_TOKEN_FILE"]).read_text().strip()

    def backend(self, path: str) -> str:
        """An address of the demo's API."""
        return f"{self.environment['BACKEND_URL']}{path}"

    def fault(self, name: str, **parameters: Any) -> None:
        """Put a fault in force; RuntimeError when the demo refuses."""
        answer = httpx2.post(self._control(name), json=parameters, timeout=60)
        if not answer.is_success:
            raise RuntimeError(f"the demo refuses {name}: {answer.text}")

    def mend(self, name: str) -> None:
        """Lift a fault."""
        httpx2.delete(self._control(name), timeout=60)

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The instant vector of an expression."""
        address = f"{self.prometheus_url}/api/v1/query?{urlencode({'query': expression})}"
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310  (http, and our own)
            result = json.load(answer)["data"]["result"]
        return [(it["metric"], float(it["value"][1])) for it in result]

    def _control(self, name: str) -> str:
        return f"http://127.0.0.1:{self.environment['DEMO_CONTROL_PORT']}/faults/{name}"


@contextmanager
def running_testbed(**given: str) -> Iterator[Testbed]:
    """Start everything, end everything; `given` is further environment. The demo has a core of its own."""
    core, others = split_cores()
    with ExitStack() as stack:
        stack.enter_context(bound_to(others))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchroom-bench-")))
        redis = stack.enter_context(started(RedisServer(folder)))
        postgres = stack.enter_context(started(PostgresServer(stack.enter_context(postgres_folder()))))
        environment = {**addresses(redis, postgres, folder), **given}
        inbox = stack.enter_context(open_inbox())
        plan = plan_for(folder, environment, inbox)
        with bound_to(core):
            demo = stack.enter_context(started(demo_in(folder, environment)))
        exporter = stack.enter_context(started(exporter_in(folder, environment)))
        pager = stack.enter_context(started(server(alertmanager_process(plan), folder)))
        keeper = stack.enter_context(started(server(prometheus_process(plan), folder)))
        yield Testbed(
            redis, postgres, demo, exporter, pager, keeper, inbox, environment,
            alertmanager_process(plan).url, prometheus_process(plan).url, plan.prometheus_file,
        )  # fmt: skip


def plan_for(folder: Path, environment: Mapping[str, str], inbox: Inbox) -> RunContext:
    """The checked-in configurations with this run's addresses; the inbox is in the place of the service."""
    chosen = settings.read_settings(
        run_dir=folder / "run",
        exporter_port=int(environment["EXPORTER_PORT"]),
        prometheus_port=free_port(),
        alertmanager_port=free_port(),
    )
    chosen.home.mkdir(parents=True, exist_ok=True)
    backend = TargetSystem(environment["BACKEND_URL"], Path(environment["BACKEND_TOKEN_FILE"]))
    rules = configuration.write_prometheus(ROOT / "prometheus" / "prometheus.yml", chosen, backend, run=[])
    token = folder / "webhook-token"
    token.write_text("of the bench")
    routes = written(chosen.home / "alertmanager.yml", inbox_routes(inbox.url, str(token)))
    return RunContext(chosen, backend, rules, routes)


def server(service: ProcessSpec, folder: Path) -> Server:
    """A process of the stack, started as the stack starts it."""
    return Server(
        service.command,
        folder / f"{service.name}.log",
        ready=lambda: is_ready(service.ready_url),
        env={**os.environ, **service.environment},
        cwd=ROOT,
    )
