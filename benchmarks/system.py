"""A whole watched system of real processes with the exporter beside it, on free ports."""

import os
import signal
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.fixtures import postgres_folder, started
from tests.servers.ports import free_port
from tests.servers.postgres_server import PostgresServer
from tests.servers.processes import Server, signal_all, tree
from tests.servers.redis_server import RedisServer

ROOT = Path(__file__).parents[1]
KEYS = 100_000
FILL = """
for i = 1, tonumber(ARGV[1]) do
  redis.call('SET', 'group' .. (i % 20) .. ':' .. i, string.rep('x', 20 + 5 * (i % 20)), 'EX', 86400)
end"""


@dataclass(frozen=True)
class System:
    """The processes: the demo's own servers, the demo, and the exporter that watches it."""

    redis: RedisServer
    postgres: PostgresServer
    demo: Server
    exporter: Server
    url: str

    def processes(self, words: str) -> list[int]:
        """The children of the demo whose command line holds these words, with their own children."""
        return processes_of(self.demo, words)


@contextmanager
def running_system() -> Iterator[System]:
    """Start everything, end everything."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="watchroom-bench-")))
        redis = stack.enter_context(started(RedisServer(folder)))
        with redis.client(2) as client:
            client.eval(FILL, 0, KEYS)
        postgres = stack.enter_context(started(PostgresServer(stack.enter_context(postgres_folder()))))
        environment = addresses(redis, postgres, folder)
        demo = stack.enter_context(started(demo_in(folder, environment)))
        exporter = stack.enter_context(started(exporter_in(folder, environment)))
        yield System(redis, postgres, demo, exporter, f"http://127.0.0.1:{environment['EXPORTER_PORT']}")


def addresses(redis: RedisServer, postgres: PostgresServer, folder: Path) -> dict[str, str]:
    """The environment that the demo and the exporter share."""
    port = free_port()
    return {
        "RUN_DIR": str(folder / "run"),
        "DATABASE_URL": postgres.fresh_database(),
        "REDIS_URL": redis.database(2),
        "CELERY_BROKER_URL": redis.database(0),
        "CELERY_RESULT_BACKEND": redis.database(1),
        "INGESTION_REDIS_URL": redis.database(0),
        "DEMO_PORT": str(port),
        "DEMO_CONTROL_PORT": str(free_port()),
        "DEMO_GIT_PORT": "0",
        "DEMO_TRAFFIC_PEAK": "2",
        "BACKEND_URL": f"http://127.0.0.1:{port}",
        "BACKEND_TOKEN_FILE": str(folder / "run" / "demo" / "token"),
        "EXPORTER_PORT": str(free_port()),
    }


def demo_in(folder: Path, environment: dict[str, str]) -> Server:
    """The demo on the servers that are already there."""
    ready = f"http://127.0.0.1:{environment['DEMO_CONTROL_PORT']}/ready"
    command = [sys.executable, "-m", "demo"]
    return Server(
        command, folder / "demo.log", ready=lambda: is_ready(ready), within=60.0, env=environment, cwd=ROOT
    )


def exporter_in(folder: Path, environment: dict[str, str]) -> Server:
    """The exporter with its default settings."""
    ready = f"http://127.0.0.1:{environment['EXPORTER_PORT']}/-/ready"
    command = [sys.executable, "-m", "exporter"]
    return Server(command, folder / "exporter.log", ready=lambda: is_ready(ready), env=environment, cwd=ROOT)


def is_ready(url: str) -> bool:
    """Whether the address answers 200."""
    with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  (http, and our own)
        return bool(answer.status == 200)


def split_cores() -> tuple[set[int], set[int]]:
    """The core of the watched backend, and those of all else; both the same where there is only one.

    A backend is seldom on the machine of its watcher: the two must not slow each other here.
    """
    cores = sorted(os.sched_getaffinity(0))
    return {cores[-1]}, set(cores[:-1] or cores)


@contextmanager
def bound_to(cores: set[int]) -> Iterator[None]:
    """Run this thread, and what it starts in the block, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """Stop these processes where they stand for as long as the block lasts."""
    signal_all(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(pids, signal.SIGCONT)


def processes_of(demo: Server, words: str) -> list[int]:
    """The children of a demo whose command line holds these words, with their own children."""
    found = [pid for pid in tree(demo.pid) if words in command_line(pid)]
    return [child for pid in found for child in tree(pid)]


def command_line(pid: int) -> str:
    """The words with which a process was started; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def cpu_seconds(pid: int) -> float:
    """Processor time that a process with all its threads has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    """Memory of a process that is in RAM."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
