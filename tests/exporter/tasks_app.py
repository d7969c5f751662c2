"""A Celery app whose tasks end in every way there is; its worker sends events, its clients too."""

import os
import time

from celery import Celery, Task
from celery.exceptions import Reject

URL = os.environ.get("CELERY_BROKER_URL")

# clients in tests bring a connection of their own and want no results; how events are sent still
# follows from this URL
app = Celery("tasks", broker=URL or "redis://127.0.0.1:1/0", backend=URL)
app.conf.update(
    worker_send_task_events=True,
    task_send_sent_event=True,
    task_acks_late=True,
    result_extended=True,
    broker_connection_retry_on_startup=True,
)


@app.task
def double(number: int) -> int:
    """Succeed."""
    return number * 2


@app.task
def nap(seconds: float) -> None:
    """Take long."""
    time.sleep(seconds)


@app.task
def divide(number: int) -> float:
    """Fail with ZeroDivisionError."""
    return number / 0


@app.task
def look_up(key: str) -> str:
    """Fail with KeyError."""
    return {"a": "b"}[key]


@app.task
def refuse() -> None:
    """Be rejected."""
    raise Reject("no", requeue=False)


@app.task(bind=True, max_retries=2)
def insist(self: "Task[[], None]") -> None:
    """Succeed at the second attempt, half a second after the first."""
    if self.request.retries == 0:
        raise self.retry(countdown=0.5)
