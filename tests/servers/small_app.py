"""The smallest Celery app, to try the worker fixture on."""

import os

from celery import Celery

URL = os.environ.get("CELERY_BROKER_URL", "memory://")

app = Celery("small", broker=URL, backend=URL.replace("memory://", "cache+memory://"))


@app.task
def double(number: int) -> int:
    """Twice the number."""
    return number * 2
