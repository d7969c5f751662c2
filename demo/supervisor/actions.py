"""How each fault is put in force and lifted, where the fault file alone does not do it."""

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
    """What is sent: the tasks in turn, with the same arguments."""

    names: tuple[str, ...]
    args: tuple[Any, ...]
    kwargs: Parameters = field(default_factory=dict)


async def stop_redis(stage: Supervisor, _: Parameters) -> None:
    """End Redis, which saves its data."""
    _own_redis(stage)
    await stage.children["redis"].hold(signal.SIGTERM)


async def start_redis(stage: Supervisor, _: Parameters) -> None:
    """Start Redis with the data it saved."""
    stage.children["redis"].release()
    await wait_until(stage.redis_answers, 10, "Redis does not answer after its start.")


async def suspend_redis(stage: Supervisor, _: Parameters) -> None:
    """Stop Redis in mid-step."""
    _own_redis(stage)
    stage.children["redis"].signal(signal.SIGSTOP)


async def resume_redis(stage: Supervisor, _: Parameters) -> None:
    """Let Redis go on."""
    stage.children["redis"].signal(signal.SIGCONT)


async def kill_worker(stage: Supervisor, _: Parameters) -> None:
    """Kill the worker with its pool."""
    await stage.children["worker"].hold(signal.SIGKILL)


async def start_worker(stage: Supervisor, _: Parameters) -> None:
    """Start the worker."""
    stage.children["worker"].release()


async def suspend_pool(stage: Supervisor, _: Parameters) -> None:
    """Stop the pool children, not the worker; refused while there are none."""
    pool = stage.children["worker"].children()
    if not pool:
        raise FaultRefused("The worker has no pool children to freeze at the moment; try again in a second.")
    for pid in pool:
        os.kill(pid, signal.SIGSTOP)


async def resume_pool(stage: Supervisor, _: Parameters) -> None:
    """Let the whole worker go on."""
    stage.children["worker"].signal(signal.SIGCONT)


async def kill_edge(stage: Supervisor, _: Parameters) -> None:
    """Kill the ingestion worker."""
    await stage.children["edge"].hold(signal.SIGKILL)


async def start_edge(stage: Supervisor, _: Parameters) -> None:
    """Start the ingestion worker."""
    stage.children["edge"].release()


async def stop_database(stage: Supervisor, _: Parameters) -> None:
    """Stop the demo's PostgreSQL or lock its SQLite file."""
    if stage.owns_postgres:
        await stage.children["postgres"].hold(signal.SIGINT)
        return
    address = stage.settings.database_address
    if not address.startswith("sqlite"):
        raise FaultRefused("The database was not started by the demo, so the demo does not stop it.")
    stage.locker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo.faults.sqlite_lock", address.removeprefix("sqlite:///"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    output = stage.locker.stdout
    if output is None or await asyncio.wait_for(output.readline(), 35) != b"locked\n":
        raise FaultRefused("The database could not be locked, for others were busy with it for 30 s.")


async def start_database(stage: Supervisor, _: Parameters) -> None:
    """Start the demo's PostgreSQL or release the lock."""
    if stage.owns_postgres:
        stage.children["postgres"].release()
        await wait_until(
            lambda: parts.postgres_is_responding(stage.settings),
            20,
            "PostgreSQL does not answer after its start.",
        )
        return
    if stage.locker is not None and stage.locker.stdin is not None:
        stage.locker.stdin.close()
        await stage.locker.wait()
        stage.locker = None


async def flood_queue(stage: Supervisor, parameters: Parameters) -> None:
    """Send many messages to one queue."""
    part = {"name": parameters["flood"], "seconds": parameters["seconds"]}
    message = TaskMessage(("batch_process_resources_task",), ([],), {"flood": part})
    await _send(stage, parameters["count"], parameters["queue"], message)


async def drain_queue(_: Supervisor, __: Parameters) -> None:
    """Nothing: the tasks of a flood that is no longer in force return at once."""


async def send_unrouted(stage: Supervisor, parameters: Parameters) -> None:
    """Send tasks to the queue that nobody consumes."""
    await _send(stage, parameters["count"], "celery", TaskMessage(tuple(UNROUTED), ("unrouted",)))


async def empty_unrouted(stage: Supervisor, _: Parameters) -> None:
    """Remove what piled up."""
    try:
        await asyncio.to_thread(_delete, stage.settings.broker_url)
    except redis.RedisError as error:
        raise FaultRefused("Redis does not answer, so the queue celery cannot be emptied.") from error


async def corrupt_model(stage: Supervisor, parameters: Parameters) -> None:
    """Keep the good file aside and write garbage in its place."""
    path = model_path(stage.settings.models, parameters["model"])
    shutil.copy2(path, stage.settings.home / path.name)
    path.write_bytes(os.urandom(2048))


async def restore_model(stage: Supervisor, parameters: Parameters) -> None:
    """Put the good file back."""
    path = model_path(stage.settings.models, parameters["model"])
    (stage.settings.home / path.name).replace(path)


async def write_salted_vectors(stage: Supervisor, _: Parameters) -> None:
    """Overwrite the vectors by two processes of different salt."""
    for part in ("0", "1"):
        command = (sys.executable, "-m", "demo.faults.stale_embeddings", part, "2")
        salted = parts.environment(stage.settings) | {"PYTHONHASHSEED": "random"}
        writing = await asyncio.create_subprocess_exec(*command, env=salted)
        if await writing.wait() != 0:
            raise FaultRefused("The vectors could not be overwritten, for the database does not take them.")


async def restore_vectors(stage: Supervisor, _: Parameters) -> None:
    """Compute the vectors anew."""
    try:
        await asyncio.to_thread(_embed, stage.settings.database_address)
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


def _own_redis(stage: Supervisor) -> None:
    if not stage.owns_redis:
        raise FaultRefused("Redis was not started by the demo, so the demo does not touch it.")


def _embed(address: str) -> None:
    with open_single(address).begin() as db:
        write_stable_vectors(db)


def _delete(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=2) as client:
        client.delete(*QUEUE_LISTS)


async def _send(stage: Supervisor, count: int, queue: str, message: TaskMessage) -> None:
    sender = make_sender(stage.settings, patience=2)
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
