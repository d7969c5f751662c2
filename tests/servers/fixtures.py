"""The fixtures of every test: servers that are shared, servers of one's own, ports, waiting."""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from tests.servers import ports, waiting
from tests.servers.celery_worker import CeleryWorker
from tests.servers.postgres_server import PostgresServer
from tests.servers.processes import Server
from tests.servers.prometheus_server import AlertmanagerServer, Config, PrometheusServer
from tests.servers.redis_server import RedisServer
from tests.servers.tls import Certificate, TlsRedis, certificate

S = TypeVar("S", bound=Server)


class StartPrometheus(Protocol):
    """Start a Prometheus with this configuration and these further flags."""

    def __call__(self, config: Config, *flags: str) -> PrometheusServer: ...


class StartAlertmanager(Protocol):
    """Start an Alertmanager with this configuration and these further flags."""

    def __call__(self, config: Config, *flags: str) -> AlertmanagerServer: ...


class StartCeleryWorker(Protocol):
    """Start a worker of the Celery app in this environment, with these further flags."""

    def __call__(self, app: str, env: Mapping[str, str], *flags: str) -> CeleryWorker: ...


class StartServer(Protocol):
    """Start any command as a server, see `Server`; its log goes to the test's folder."""

    def __call__(self, *command: str, **how: Any) -> Server: ...


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that gives a port no other test of this machine can get."""
    return ports.free_port


@pytest.fixture(scope="session")
def eventually() -> Any:
    """`waiting.eventually`, as a fixture."""
    return waiting.eventually


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The Redis that all tests of this process share; ask it to flush() where that matters."""
    with started(RedisServer(tmp_path_factory.mktemp("redis"))) as server:
        yield server


@pytest.fixture
def own_redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that this test alone may stop or freeze."""
    with started(RedisServer(folder_in(tmp_path, "redis"))) as server:
        yield server


@pytest.fixture(scope="module")
def server_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """What the servers of a file show that speak TLS."""
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def tls_redis_server(
    tmp_path_factory: pytest.TempPathFactory, server_certificate: Certificate
) -> Iterator[TlsRedis]:
    """A Redis that speaks nothing but TLS."""
    with started(TlsRedis(tmp_path_factory.mktemp("tls"), server_certificate)) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL that all tests of this process share; take a fresh_database() of it."""
    with postgres_folder() as folder, started(PostgresServer(folder)) as server:
        yield server


@pytest.fixture
def own_postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that this test alone may stop or freeze."""
    with postgres_folder() as folder, started(PostgresServer(folder)) as server:
        yield server


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[StartPrometheus]:
    """A function that starts a Prometheus; all are ended after the test."""
    with ExitStack() as servers:
        numbers = itertools.count(1)

        def start(config: Config, *flags: str) -> PrometheusServer:
            folder = folder_in(tmp_path, f"prometheus-{next(numbers)}")
            return servers.enter_context(started(PrometheusServer(folder, config, *flags)))

        yield start


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[StartAlertmanager]:
    """A function that starts an Alertmanager; all are ended after the test."""
    with ExitStack() as servers:
        numbers = itertools.count(1)

        def start(config: Config, *flags: str) -> AlertmanagerServer:
            folder = folder_in(tmp_path, f"alertmanager-{next(numbers)}")
            return servers.enter_context(started(AlertmanagerServer(folder, config, *flags)))

        yield start


@pytest.fixture
def celery_worker(tmp_path: Path) -> Iterator[StartCeleryWorker]:
    """A function that starts a Celery worker; all are ended after the test."""
    with ExitStack() as servers:
        numbers = itertools.count(1)

        def start(app: str, env: Mapping[str, str], *flags: str) -> CeleryWorker:
            worker = CeleryWorker(tmp_path, app, env, *flags, name=f"worker-{next(numbers)}")
            return servers.enter_context(started(worker))

        yield start


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """A function that starts any command as a `Server`; all are ended after the test."""
    with ExitStack() as servers:
        numbers = itertools.count(1)

        def start(*command: str, **how: Any) -> Server:
            log = tmp_path / f"server-{next(numbers)}.log"
            return servers.enter_context(started(Server(command, log, **how)))

        yield start


@contextmanager
def started(server: S) -> Iterator[S]:
    """Run a server for as long as the block lasts."""
    server.start()
    try:
        yield server
    finally:
        server.stop(within=3.0)


@contextmanager
def postgres_folder() -> Iterator[Path]:
    """A folder that user postgres can reach, which pytest's own are not when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="watchroom-postgres-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def folder_in(parent: Path, name: str) -> Path:
    """A new folder."""
    folder = parent / name
    folder.mkdir()
    return folder
