"""A burst of Celery events, as many short tasks make it."""

import uuid

from celery import Celery

KINDS = ("task-sent", "task-received", "task-started", "task-succeeded")
NAMES = tuple(f"app.tasks.celery_tasks.burst_{number}_task" for number in range(20))


def burst(broker: str, events: int) -> None:
    """Publish so many events of tasks that are sent, taken, started and done."""
    with (
        Celery(broker=broker) as app,
        app.connection_for_write() as connection,
        app.events.Dispatcher(connection, hostname="burst@bench", buffer_while_offline=False) as teller,
    ):
        for number in range(events // len(KINDS)):
            task = {"uuid": str(uuid.uuid4()), "name": NAMES[number % len(NAMES)], "queue": "default"}
            for kind in KINDS:
                teller.send(kind, **task, runtime=0.01, result="1", args="()", kwargs="{}")
