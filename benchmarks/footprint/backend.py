"""The demo with servers of its own, rude from its start, and what watches it as `make run` does."""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.paging.testbed import plan_for, server
from benchmarks.system import bound_to, cpu_seconds, demo_in, exporter_in, processes_of, split_cores
from demo.settings import Settings
from stack.processes import RunContext, alertmanager_process, prometheus_process
from stack.target_system import demo_system
from tests.alertmanager.inbox import Inbox, open_inbox
from tests.servers.fixtures import started
from tests.servers.ports import free_port
from tests.servers.processes import Server

AS_SHIPPED = "as-shipped"
USERS_ROUTE = "/resources?limit=1"


@dataclass(frozen=True)
class WatchedBackend:
    """The running demo, and what the exporter must know of it."""

    folder: Path
    demo: Server
    settings: Settings
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where its API is."""
        return self.environment["BACKEND_URL"]

    def headers(self) -> dict[str, str]:
        """What lets a request in."""
        token = Path(self.environment["BACKEND_TOKEN_FILE"]).read_text().strip()
        return {"Authorization": f"Bearer {token}"}

    def cpu(self) -> float:
        """Processor seconds of the API processes so far."""
        return sum(cpu_seconds(pid) for pid in processes_of(self.demo, "demo.api"))

    def fault(self, name: str, **parameters: Any) -> None:
        """Put a fault in force; RuntimeError when the demo refuses."""
        answer = httpx2.post(self._control(f"/{name}"), json=parameters, timeout=60)
        if not answer.is_success:
            raise RuntimeError(f"the demo refuses {name}: {answer.text}")

    def mend(self, name: str) -> None:
        """Lift a fault; RuntimeError when the demo refuses."""
        answer = httpx2.delete(self._control(f"/{name}"), timeout=60)
        if not answer.is_success:
            raise RuntimeError(f"the demo does not lift {name}: {answer.text}")

    def in_force(self) -> list[str]:
        """The faults in force."""
        listed = httpx2.get(self._control(""), timeout=60).json()["faults"]
        return [it["name"] for it in listed if it["in_force"]]

    def _control(self, rest: str) -> str:
        return f"http://127.0.0.1:{self.settings.control_port}/faults{rest}"


@dataclass(frozen=True)
class Watcher:
    """The exporter and the Prometheus that scrapes it."""

    exporter: Server
    prometheus_url: str
    inbox: Inbox

    def ask(self, path: str, **parameters: str | float) -> Any:
        """The data of an answer of Prometheus' API."""
        answer = httpx2.get(f"{self.prometheus_url}/api/v1/{path}", params=parameters, timeout=30)
        answer.raise_for_status()
        return answer.json()["data"]


@contextmanager
def running_backend(fault: str = AS_SHIPPED, **given: str) -> Iterator[WatchedBackend]:
    """Start the demo on a PostgreSQL, a Redis and a core of its own, with faults; `given` is environment."""
    core, others = split_cores()
    with (
        tempfile.TemporaryDirectory(prefix="watchroom-bench-", ignore_cleanup_errors=True) as name,
        bound_to(others),
    ):
        folder = Path(name)
        # PostgreSQL runs as another user, who must be able to walk to its files.
        folder.chmod(0o755)
        environment = {**ports(), "RUN_DIR": str(folder / "run"), "DEMO_DATABASE": "postgres", **given}
        with ExitStack() as stack:
            with bound_to(core):
                demo = stack.enter_context(started(demo_in(folder, {**environment, "DEMO_FAULT": fault})))
            settings = Settings(run_dir=folder / "run", database="postgres", **json_of(environment))
            watched = demo_system(settings)
            environment |= {**watched.environment, "EXPORTER_PORT": str(free_port())}
            yield WatchedBackend(folder, demo, settings, environment)


@contextmanager
def running_watcher(backend: WatchedBackend, anomalies: bool = True, **given: str) -> Iterator[Watcher]:
    """Start exporter, Alertmanager and Prometheus with the checked-in configurations."""
    with ExitStack() as stack:
        inbox = stack.enter_context(open_inbox())
        plan: RunContext = plan_for(backend.folder, backend.environment, inbox)
        place = {"PROMETHEUS_URL": prometheus_process(plan).url} if anomalies else {}
        environment = {**backend.environment, **place, **given}
        exporter = stack.enter_context(started(exporter_in(backend.folder, environment)))
        stack.enter_context(started(server(alertmanager_process(plan), backend.folder)))
        stack.enter_context(started(server(prometheus_process(plan), backend.folder)))
        yield Watcher(exporter, prometheus_process(plan).url, inbox)


@contextmanager
def watcher_if(backend: WatchedBackend, watch: bool) -> Iterator[Watcher | None]:
    """The same block with the exporter and without."""
    if not watch:
        yield None
        return
    with running_watcher(backend) as found:
        yield found


def ports() -> dict[str, str]:
    """Free ports for everything of the demo, which has no visitors but those of the benchmark."""
    names = ("DEMO_PORT", "DEMO_CONTROL_PORT", "DEMO_REDIS_PORT", "DEMO_POSTGRES_PORT")
    return {name: str(free_port()) for name in names} | {"DEMO_GIT_PORT": "0", "DEMO_TRAFFIC_PEAK": "0"}


def json_of(environment: Mapping[str, str]) -> dict[str, Any]:
    """The ports as the demo's settings take them."""
    names = ("port", "control_port", "redis_port", "postgres_port")
    return {name: int(environment[f"DEMO_{name.upper()}"]) for name in names}


def quiet_until(moment: float) -> None:
    """Wait for a moment of the monotonic clock."""
    time.sleep(max(moment - time.monotonic(), 0))
