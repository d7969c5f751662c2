"""A burst of Celery events: many tasks are sent at once, then all are taken, started and done."""

import uuid

from celery import Celery

KINDS = ("task-sent", "task-received", "task-started", "task-succeeded")
NAMES = tuple(f"app.tasks.celery_tasks.burst_{number}_task" for number in range(20))


def burst(broker: str, events: int) -> None:
    """Publish so many events; no task ends before the last one has begun."""
    tasks = [(str(uuid.uuid4()), NAMES[number % len(NAMES)]) for number in range(events // len(KINDS))]
    with (
        Celery(broker=broker) as app,
        app.connection_for_write() as connection,
        # as workers do, in bundles
        app.events.Dispatcher(connection, hostname="burst@bench", buffer_group=["task"]) as teller,
    ):
        for kind in KINDS:
            for key, name in tasks:
                teller.send(kind, uuid=key, name=name, queue="default", runtime=0.01, args="()", kwargs="{}")
        teller.flush(errors=False)
