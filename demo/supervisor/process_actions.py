"""Faults of whole processes: the API stopped where it stands, and a worker of another application."""

import asyncio
import signal

import redis
from kombu.exceptions import OperationalError

from demo.supervisor import parts
from demo.supervisor.parts import CannotStart
from demo.supervisor.supervisor import FaultRefused, Parameters, Supervisor, wait_until
from demo.worker.celery_app import make_sender

FOREIGN = "foreign-worker"


async def suspend_web(stage: Supervisor, _: Parameters) -> None:
    """Stop the API processes in mid-step."""
    _signal_web(stage, signal.SIGSTOP)


async def resume_web(stage: Supervisor, _: Parameters) -> None:
    """Let the API processes go on."""
    _signal_web(stage, signal.SIGCONT)


async def start_foreign(stage: Supervisor, _: Parameters) -> None:
    """Start a worker of another application, and wait until it answers to everyone's questions."""
    child = stage.children[FOREIGN] = parts.foreign_part(stage.settings)
    child.keep()
    try:
        await wait_until(lambda: _answers(stage), 30, "The foreign worker does not answer.")
    except CannotStart as error:
        await stop_foreign(stage, {})
        raise FaultRefused(str(error)) from error


async def stop_foreign(stage: Supervisor, _: Parameters) -> None:
    """End it and forget it."""
    await stage.children.pop(FOREIGN).end(2.0)


async def _answers(stage: Supervisor) -> bool:
    try:
        names = await asyncio.to_thread(_names, stage)
    except (OperationalError, redis.RedisError):
        # A busy machine is slower than our patience with it; we ask again.
        return False
    return any(name.startswith(f"{parts.FOREIGN_NAME}@") for name in names)


def _names(stage: Supervisor) -> set[str]:
    with make_sender(stage.settings, patience=2) as sender:
        return {name for answer in sender.control.ping(timeout=0.5) or () for name in answer}


def _signal_web(stage: Supervisor, which: signal.Signals) -> None:
    for name, child in stage.children.items():
        if name.startswith("web-"):
            child.signal(which)
