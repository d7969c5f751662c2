"""The processes of the demo as commands, and its own PostgreSQL cluster."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import psycopg

from demo.settings import QUEUES, Settings
from demo.supervisor.supervised_process import SupervisedProcess

FOREIGN_NAME = "invoices"
POSTGRES = Path("/usr/lib/postgresql/15/bin")


class CannotStart(Exception):
    """The demo cannot start; the message says why and what to do."""


def environment(settings: Settings) -> dict[str, str]:
    """The environment of the processes: this one, with the addresses of database and Redis."""
    return os.environ | {
        "RUN_DIR": str(settings.run_dir.absolute()),
        "DATABASE_URL": settings.database_address,
        "REDIS_URL": settings.cache_url,
        "CELERY_BROKER_URL": settings.broker_url,
        "CELERY_RESULT_BACKEND": settings.results_url,
        "INGESTION_REDIS_URL": settings.ingestion_url,
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
    }


def redis_part(settings: Settings) -> SupervisedProcess:
    """The demo's own Redis, which saves its data when it stops."""
    folder = settings.home / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    command = ["redis-server", "--port", str(settings.redis_port), "--bind", "127.0.0.1", "--dir",
    str(folder),
               "--save", "300 1", "--logfile", str(folder / "redis.log"), "--daemonize", "no"]  # fmt: skip
    return SupervisedProcess("redis", command, os.environ)


def postgres_part(settings: Settings) -> SupervisedProcess:
    """The demo's own PostgreSQL, under the user postgres if the demo runs as root."""
    folder = settings.home / "postgres"
    command = [str(POSTGRES / "postgres"), "-D", str(folder), "-p", str(settings.postgres_port),
               "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
               "-c", "log_min_messages=fatal",
               "-c", "shared_preload_libraries=pg_stat_statements"]  # fmt: skip
    return SupervisedProcess("postgres", command, os.environ, postgres_user(), stop_signal=signal.SIGINT)


def postgres_user() -> dict[str, Any]:
    """Options to start a PostgreSQL program, which refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    try:
        found = pwd.getpwnam("postgres")
    except KeyError:
        raise CannotStart(
            "There is no user postgres; install the package postgresql or use SQLite."
        ) from None
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def web_parts(settings: Settings, listening: socket.socket) -> list[SupervisedProcess]:
    """The API processes, which share one socket."""
    handle = listening.fileno()
    command = [sys.executable, "-m", "demo.api", str(handle)]
    return [
        SupervisedProcess(f"web-{number}", command, environment(settings), {"pass_fds": (handle,)})
        for number in range(1, settings.web_processes + 1)
    ]


def worker_part(settings: Settings) -> SupervisedProcess:
    """The Celery worker of all six queues."""
    command = [sys.executable, "-m", "celery", "-A", "demo.worker.app", "-q", "worker", "-E", "-n", "neo@%h",
               "-c", str(settings.worker_concurrency), "-Q", ",".join(QUEUES), "--without-mingle",
               "--without-gossip"]  # fmt: skip
    # A cold shutdown: a warm one waits for tasks that may take a minute.
    return SupervisedProcess("worker", command, environment(settings), stop_signal=signal.SIGQUIT)


def foreign_part(settings: Settings) -> SupervisedProcess:
    """A worker of another application on the same broker."""
    command = [sys.executable, "-m", "celery", "-A", "demo.faults.foreign_app", "-q", "worker", "-E",
               "-n", f"{FOREIGN_NAME}@%h", "-c", "1", "-Q", FOREIGN_NAME, "--without-mingle",
               "--without-gossip"]  # fmt: skip
    return SupervisedProcess("foreign-worker", command, environment(settings), stop_signal=signal.SIGQUIT)


def edge_part(settings: Settings) -> SupervisedProcess:
    """The ingestion worker."""
    return SupervisedProcess("edge", [sys.executable, "-m", "demo.edge_worker"], environment(settings))


def traffic_part(settings: Settings) -> SupervisedProcess:
    """The traffic source."""
    return SupervisedProcess("traffic", [sys.executable, "-m", "demo.traffic"], environment(settings))


def git_part(settings: Settings) -> SupervisedProcess:
    """The server of the project's own repository."""
    return SupervisedProcess("git", [sys.executable, "-m", "demo.git_server"], environment(settings))


def listen(host: str, port: int, variable: str) -> socket.socket:
    """A bound socket; raises CannotStart with one sentence if the port is taken."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise CannotStart(
            f"{variable} is {port}; expected a free port on {host}, but {error.strerror or error}."
        ) from error
    return found


def require_free_port(port: int, variable: str) -> None:
    """Raise CannotStart if something listens there already."""
    listen("127.0.0.1", port, variable).close()


async def create_cluster(settings: Settings) -> None:
    """Run initdb once; raises CannotStart if PostgreSQL is missing or may not reach the folder."""
    folder = settings.home / "postgres"
    if (folder / "PG_VERSION").exists():
        return
    if not (POSTGRES / "initdb").exists():
        raise CannotStart(f"PostgreSQL is not in {POSTGRES}; install the package postgresql or use SQLite.")
    folder.mkdir(parents=True, exist_ok=True)
    user = postgres_user()
    if user:
        shutil.chown(folder, "postgres", "postgres")
    initdb = await asyncio.create_subprocess_exec(
        str(POSTGRES / "initdb"), "-D", str(folder), "-U", "demo", "-A", "trust", "--no-sync",
        # whatever the environment says: without a locale initdb chooses SQL_ASCII
        "--encoding", "UTF8", "--locale", "C",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, cwd="/", **user,
    )  # fmt: skip
    _, complaint = await initdb.communicate()
    if initdb.returncode != 0:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:]
        raise CannotStart(f"initdb in {folder} failed: {' '.join(last)[:200]}")


async def create_database(settings: Settings) -> None:
    """Create the database demo, with pg_stat_statements, once the server answers."""
    async with await psycopg.AsyncConnection.connect(_server(settings), autocommit=True) as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = 'demo'")
        if await found.fetchone() is None:
            await connection.execute("CREATE DATABASE demo")
    address = _server(settings, "demo")
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


async def postgres_is_responding(settings: Settings) -> bool:
    """Whether the server takes connections."""
    try:
        async with await psycopg.AsyncConnection.connect(_server(settings), connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def _server(settings: Settings, database: str = "postgres") -> str:
    return f"postgresql://demo@127.0.0.1:{settings.postgres_port}/{database}"
