"""Inspections of the workers that block the event loop, as in the watched backend.

Each waits for its whole timeout, whether workers reply or not; the event loop does nothing else meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from demo.api.backend import Backend
from demo.logs import short_error
from demo.worker.celery_app import make_sender

PING_SECONDS = 2.0
# Three commands of this duration.
OVERVIEW_SECONDS = 1.0


def workers(backend: Backend) -> list[str] | str:
    """Names of the workers that respond, or why the inspection failed; blocks the event loop for 2 s."""
    try:
        with _inspection(backend, PING_SECONDS) as inspect:
            return sorted(inspect.ping() or {})
    except Exception as error:  # noqa: BLE001  the watched backend reports whatever kombu raises
        return short_error(error)


def overview(backend: Backend) -> dict[str, dict[str, Any]]:
    """Active and scheduled tasks and statistics by worker, without reserved ones; blocks for 3 s."""
    with _inspection(backend, OVERVIEW_SECONDS) as inspect:
        return {question: getattr(inspect, question)() or {} for question in ("active", "scheduled", "stats")}


@contextmanager
def _inspection(backend: Backend, seconds: float) -> Iterator[Any]:
    # Without a socket timeout: if Redis hangs, this and the whole API hang.
    with make_sender(backend.settings, patience=None) as celery:
        yield celery.control.inspect(timeout=seconds)
