"""How to inject and lift each fault that needs more than the fault file."""

import asyncio
import os
import shutil
import signal
import sys
from dataclasses import dataclass, field
from typing import Any

import redis
from kombu.exceptions import OperationalError
from sqlalchemy.exc import SQLAlchemyError

from demo.models import model_path
from demo.storage.engine import open_single
from demo.storage.prepare import write_stable_vectors
from demo.supervisor import access_actions, parts, process_actions
from demo.supervisor.supervisor import FaultAction, FaultRefused, Parameters, Supervisor, wait_until
from demo.worker.celery_app import DEFAULT_PRIORITY, PREFIX, UNROUTED, make_sender

QUEUE_LISTS = ("celery", "celery\x06\x163", "celery\x06\x166", "celery\x06\x169")


@dataclass(frozen=True)
class TaskMessage:
    """The tasks to send in turn, with the same arguments."""

    names: tuple[str, ...]
    args: tuple[Any, ...]
    kwargs: Parameters = field(default_factory=dict)


async def stop_redis(supervisor: Supervisor, _: Parameters) -> None:
    """Stop Redis, which saves its data."""
    _own_redis(supervisor)
    await supervisor.processes["redis"].hold(signal.SIGTERM)


async def start_redis(supervisor: Supervisor, _: Parameters) -> None:
    """Start Redis with the data it saved."""
    supervisor.processes["redis"].release()
    await wait_until(supervisor.redis_is_responding, 10, "Redis does not respond after its start.")


async def suspend_redis(supervisor: Supervisor, _: Parameters) -> None:
    """Suspend Redis."""
    _own_redis(supervisor)
    supervisor.processes["redis"].signal(signal.SIGSTOP)


async def resume_redis(supervisor: Supervisor, _: Parameters) -> None:
    """Resume Redis."""
    supervisor.processes["redis"].signal(signal.SIGCONT)


async def kill_worker(supervisor: Supervisor, _: Parameters) -> None:
    """Kill the worker with its pool."""
    await supervisor.processes["worker"].hold(signal.SIGKILL)


async def start_worker(supervisor: Supervisor, _: Parameters) -> None:
    """Start the worker."""
    supervisor.processes["worker"].release()


async def suspend_pool(supervisor: Supervisor, _: Parameters) -> None:
    """Suspend the pool children, not the worker; refused while there are none."""
    pool = supervisor.processes["worker"].child_pids()
    if not pool:
        raise FaultRefused("The worker has no pool children to freeze at the moment; try again in a second.")
    for pid in pool:
        os.kill(pid, signal.SIGSTOP)


async def resume_pool(supervisor: Supervisor, _: Parameters) -> None:
    """Resume the whole worker."""
    supervisor.processes["worker"].signal(signal.SIGCONT)


async def kill_edge(supervisor: Supervisor, _: Parameters) -> None:
    """Kill the ingestion worker."""
    await supervisor.processes["edge"].hold(signal.SIGKILL)


async def start_edge(supervisor: Supervisor, _: Parameters) -> None:
    """Start the ingestion worker."""
    supervisor.processes["edge"].release()


async def stop_database(supervisor: Supervisor, _: Parameters) -> None:
    """Stop the demo's PostgreSQL or lock its SQLite file."""
    if supervisor.owns_postgres:
        await supervisor.processes["postgres"].hold(signal.SIGINT)
        return
    address = supervisor.settings.database_address
    if not address.startswith("sqlite"):
        raise FaultRefused("The database was not started by the demo, so the demo does not stop it.")
    supervisor.lock_process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo.faults.sqlite_lock", address.removeprefix("sqlite:///"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    output = supervisor.lock_process.stdout
    if output is None or await asyncio.wait_for(output.readline(), 35) != b"locked\n":
        raise FaultRefused("The database could not be locked, for others were busy with it for 30 s.")


async def start_database(supervisor: Supervisor, _: Parameters) -> None:
    """Start the demo's PostgreSQL or release the lock."""
    if supervisor.owns_postgres:
        supervisor.processes["postgres"].release()
        await wait_until(
            lambda: parts.postgres_is_responding(supervisor.settings),
            20,
            "PostgreSQL does not respond after its start.",
        )
        return
    if supervisor.lock_process is not None and supervisor.lock_process.stdin is not None:
        supervisor.lock_process.stdin.close()
        await supervisor.lock_process.wait()
        supervisor.lock_process = None


async def flood_queue(supervisor: Supervisor, parameters: Parameters) -> None:
    """Send many messages to one queue."""
    part = {"name": parameters["flood"], "seconds": parameters["seconds"]}
    message = TaskMessage(("batch_process_resources_task",), ([],), {"flood": part})
    await _send(supervisor, parameters["count"], parameters["queue"], message)


async def drain_queue(_: Supervisor, __: Parameters) -> None:
    """Nothing: the tasks of a lifted flood return at once."""


async def send_unrouted(supervisor: Supervisor, parameters: Parameters) -> None:
    """Send tasks to the queue without a consumer."""
    await _send(supervisor, parameters["count"], "celery", TaskMessage(tuple(UNROUTED), ("unrouted",)))


async def empty_unrouted(supervisor: Supervisor, _: Parameters) -> None:
    """Purge the queue."""
    try:
        await asyncio.to_thread(_delete, supervisor.settings.broker_url)
    except redis.RedisError as error:
        raise FaultRefused("Redis does not answer, so the queue celery cannot be emptied.") from error


async def corrupt_model(supervisor: Supervisor, parameters: Parameters) -> None:
    """Back up the model file and overwrite it with random bytes."""
    path = model_path(supervisor.settings.models, parameters["model"])
    shutil.copy2(path, supervisor.settings.home / path.name)
    path.write_bytes(os.urandom(2048))


async def restore_model(supervisor: Supervisor, parameters: Parameters) -> None:
    """Restore the model file."""
    path = model_path(supervisor.settings.models, parameters["model"])
    (supervisor.settings.home / path.name).replace(path)


async def write_salted_vectors(supervisor: Supervisor, _: Parameters) -> None:
    """Overwrite the vectors from two processes with different hash seeds."""
    for part in ("0", "1"):
        command = (sys.executable, "-m", "demo.faults.stale_embeddings", part, "2")
        salted = parts.environment(supervisor.settings) | {"PYTHONHASHSEED": "random"}
        writing = await asyncio.create_subprocess_exec(*command, env=salted)
        if await writing.wait() != 0:
            raise FaultRefused("The vectors could not be overwritten, for the database does not take them.")


async def restore_vectors(supervisor: Supervisor, _: Parameters) -> None:
    """Recompute the vectors."""
    try:
        await asyncio.to_thread(_embed, supervisor.settings.database_address)
    except SQLAlchemyError as error:
        raise FaultRefused("The database does not answer, so the vectors stay as they are.") from error


ACTIONS: dict[str, tuple[FaultAction, FaultAction]] = {
    "redis-stopped": (stop_redis, start_redis),
    "redis-frozen": (suspend_redis, resume_redis),
    "worker-killed": (kill_worker, start_worker),
    "worker-pool-frozen": (suspend_pool, resume_pool),
    "edge-worker-killed": (kill_edge, start_edge),
    "database-stopped": (stop_database, start_database),
    "queue-flood": (flood_queue, drain_queue),
    "unrouted-tasks": (send_unrouted, empty_unrouted),
    "model-corrupt": (corrupt_model, restore_model),
    "stale-sparse-embeddings": (write_salted_vectors, restore_vectors),
    "server-frozen": (process_actions.suspend_web, process_actions.resume_web),
    "foreign-worker": (process_actions.start_foreign, process_actions.stop_foreign),
    "database-role-without-rights": (access_actions.make_role, access_actions.drop_role),
    "redis-user-without-rights": (access_actions.make_user, access_actions.delete_user),
}


def _own_redis(supervisor: Supervisor) -> None:
    if not supervisor.owns_redis:
        raise FaultRefused("Redis was not started by the demo, so the demo does not touch it.")


def _embed(address: str) -> None:
    with open_single(address).begin() as db:
        write_stable_vectors(db)


def _delete(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=2) as client:
        client.delete(*QUEUE_LISTS)


async def _send(supervisor: Supervisor, count: int, queue: str, message: TaskMessage) -> None:
    sender = make_sender(supervisor.settings, patience=2)
    options: dict[str, Any] = {"queue": queue, "priority": DEFAULT_PRIORITY, "retry": False}

    def send() -> None:
        with sender.producer_pool.acquire(block=True) as producer:
            for number in range(count):
                name = PREFIX + message.names[number % len(message.names)]
                sender.send_task(name, message.args, message.kwargs, producer=producer, **options)

    try:
        await asyncio.to_thread(send)
    except (OperationalError, redis.RedisError) as error:
        raise FaultRefused("Redis does not take messages, so nothing was sent.") from error
