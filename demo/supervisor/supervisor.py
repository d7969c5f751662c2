"""Starts the processes of the demo in order, checks when they are ready, and stops them."""

import asyncio
import logging
import signal
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx2
import redis

from demo.faults.state import fault_file
from demo.git_server import find_repository
from demo.secret_files import jwt_secret, service_token
from demo.settings import Settings
from demo.supervisor import parts
from demo.supervisor.parts import CannotStart
from demo.supervisor.supervised_process import SupervisedProcess
from demo.worker.celery_app import make_sender

log = logging.getLogger(__name__)
# Seconds to end in good order; together they stay below the three that a newcomer will wait.
STOP_TIMEOUT = 1.6
SERVER_STOP_TIMEOUT = 0.9
SERVERS = ("redis", "postgres")
# for http:// alone: those of the machine take 20 ms to load, ten times a second while the API starts
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
Parameters = dict[str, Any]


class Supervisor:
    """Runs the processes of the demo, by name."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.processes: dict[str, SupervisedProcess] = {}
        self.lock_process: asyncio.subprocess.Process | None = None
        self.ready = False
        self.owns_redis = settings.redis_url is None
        self.owns_postgres = settings.database_url is None and settings.database == "postgres"

    async def start(self, listening: socket.socket) -> None:
        """Start servers, prepare the data, then start everything that uses them; the caller sets `ready`."""
        settings = self.settings
        settings.home.mkdir(parents=True, exist_ok=True)
        service_token(settings)
        jwt_secret(settings)
        fault_file(settings.home).write({})
        await self._serve_repository()
        if self.owns_redis:
            parts.require_free_port(settings.redis_port, "DEMO_REDIS_PORT")
            self._run(parts.redis_part(settings))
        await wait_until(
            self.redis_is_responding,
            10,
            f"Redis at {settings.broker_url.rpartition('@')[2]} does not respond.",
        )
        if self.owns_postgres:
            await self._start_postgres()
        await self._prepare()
        for child in (
            *parts.web_parts(settings, listening),
            parts.worker_part(settings),
            parts.edge_part(settings),
        ):
            self._run(child)
        await wait_until(self.api_is_responding, 30, f"The API on port {settings.port} does not respond.")
        if settings.traffic_peak > 0:
            self._run(parts.traffic_part(settings))
        await wait_until(self.worker_is_responding, 30, "The Celery worker does not respond.")

    async def stop(self) -> None:
        """Stop every process, the servers last; suspended ones are resumed or killed."""
        if self.lock_process is not None and self.lock_process.returncode is None:
            self.lock_process.kill()
            await self.lock_process.wait()
        # A suspended Redis would keep its clients from a clean stop.
        for child in self.processes.values():
            child.signal(signal.SIGCONT)
        users = [child for name, child in self.processes.items() if name not in SERVERS]
        await asyncio.gather(*(child.stop(STOP_TIMEOUT) for child in users))
        servers = [child for name, child in self.processes.items() if name in SERVERS]
        await asyncio.gather(*(child.stop(SERVER_STOP_TIMEOUT) for child in servers))

    async def redis_is_responding(self) -> bool:
        """Whether the broker's Redis responds to a PING."""
        return await asyncio.to_thread(self._ping)

    async def api_is_responding(self) -> bool:
        """Whether the API responds to a cheap request."""
        address = f"http://{self.settings.host}:{self.settings.port}/api/auth/health"
        try:
            async with httpx2.AsyncClient(timeout=2, trust_env=False, verify=NO_AUTHORITIES) as client:
                return (await client.get(address)).status_code == 200
        except httpx2.HTTPError:
            return False

    async def worker_is_responding(self) -> bool:
        """Whether a worker responds to a ping."""
        sender = make_sender(self.settings, patience=2)
        return bool(await asyncio.to_thread(lambda: sender.control.ping(timeout=0.5)))

    async def _serve_repository(self) -> None:
        if self.settings.git_port == 0:
            return
        if await asyncio.to_thread(find_repository) is None:
            log.info("this checkout is no git repository, so none is served on DEMO_GIT_PORT")
            return
        parts.require_free_port(self.settings.git_port, "DEMO_GIT_PORT")
        self._run(parts.git_part(self.settings))

    async def _start_postgres(self) -> None:
        parts.require_free_port(self.settings.postgres_port, "DEMO_POSTGRES_PORT")
        await parts.create_cluster(self.settings)
        self._run(parts.postgres_part(self.settings))
        await wait_until(
            lambda: parts.postgres_is_responding(self.settings), 20, "The demo's PostgreSQL does not respond."
        )
        await parts.create_database(self.settings)

    async def _prepare(self) -> None:
        command = (sys.executable, "-m", "demo.storage.prepare")
        preparing = await asyncio.create_subprocess_exec(*command, env=parts.environment(self.settings))
        if await preparing.wait() != 0:
            raise CannotStart("The demo's data could not be prepared; the lines above say why.")

    def _run(self, child: SupervisedProcess) -> None:
        self.processes[child.name] = child
        child.start()

    def _ping(self) -> bool:
        try:
            with redis.Redis.from_url(
                self.settings.broker_url, socket_timeout=1, socket_connect_timeout=1
            ) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


async def wait_until(check: Callable[[], Awaitable[bool]], seconds: float, otherwise: str) -> None:
    """Poll the check until it is true; raises CannotStart with this message after some seconds."""
    try:
        async with asyncio.timeout(seconds):
            while not await check():  # noqa: ASYNC110  what is awaited is another process
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise CannotStart(otherwise) from None


FaultAction = Callable[[Supervisor, Parameters], Coroutine[Any, Any, None]]


class FaultRefused(Exception):
    """The fault cannot be put in force or lifted here; the message says why."""
