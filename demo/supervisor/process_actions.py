"""Faults of whole processes: a suspended API, and a worker of another application."""

import asyncio
import signal

import redis
from kombu.exceptions import OperationalError

from demo.supervisor import parts
from demo.supervisor.parts import CannotStart
from demo.supervisor.supervisor import FaultRefused, Parameters, Supervisor, wait_until
from demo.worker.celery_app import make_sender

FOREIGN = "foreign-worker"


async def suspend_web(supervisor: Supervisor, _: Parameters) -> None:
    """Stop the API processes in mid-step."""
    _signal_web(supervisor, signal.SIGSTOP)


async def resume_web(supervisor: Supervisor, _: Parameters) -> None:
    """Let the API processes go on."""
    _signal_web(supervisor, signal.SIGCONT)


async def start_foreign(supervisor: Supervisor, _: Parameters) -> None:
    """Start a worker of another application, and wait until it answers to everyone's questions."""
    child = supervisor.processes[FOREIGN] = parts.foreign_part(supervisor.settings)
    child.start()
    try:
        await wait_until(lambda: _answers(supervisor), 30, "The foreign worker does not answer.")
    except CannotStart as error:
        await stop_foreign(supervisor, {})
        raise FaultRefused(str(error)) from error


async def stop_foreign(supervisor: Supervisor, _: Parameters) -> None:
    """End it and forget it."""
    await supervisor.processes.pop(FOREIGN).stop(2.0)


async def _answers(supervisor: Supervisor) -> bool:
    try:
        names = await asyncio.to_thread(_names, supervisor)
    except (OperationalError, redis.RedisError):
        # A busy machine is slower than our patience with it; we ask again.
        return False
    return any(name.startswith(f"{parts.FOREIGN_NAME}@") for name in names)


def _names(supervisor: Supervisor) -> set[str]:
    with make_sender(supervisor.settings, patience=2) as sender:
        return {name for answer in sender.control.ping(timeout=0.5) or () for name in answer}


def _signal_web(supervisor: Supervisor, which: signal.Signals) -> None:
    for name, child in supervisor.processes.items():
        if name.startswith("web-"):
            child.signal(which)
