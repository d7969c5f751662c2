"""Questions to the workers that block the event loop, as the watched backend asks them.

Each waits its whole time, whether a worker answers or not; the loop does nothing else meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from demo.api.backend import Backend
from demo.logs import short_error
from demo.worker.celery_app import make_sender

PING_SECONDS = 2.0
# Three questions of this length.
OVERVIEW_SECONDS = 1.0


def workers(backend: Backend) -> list[str] | str:
    """Names of the workers that answer, or why nobody could be asked; 2 s on the event loop."""
    try:
        with _inspection(backend, PING_SECONDS) as inspect:
            return sorted(inspect.ping() or {})
    except Exception as error:  # noqa: BLE001  the watched backend reports whatever kombu raises
        return short_error(error)


def overview(backend: Backend) -> dict[str, dict[str, Any]]:
    """Active and scheduled tasks and statistics by worker; never the reserved ones; 3 s on the event loop."""
    with _inspection(backend, OVERVIEW_SECONDS) as inspect:
        return {question: getattr(inspect, question)() or {} for question in ("active", "scheduled", "stats")}


@contextmanager
def _inspection(backend: Backend, seconds: float) -> Iterator[Any]:
    # No socket timeout: with Redis frozen this waits for ever, and the whole API with it.
    with make_sender(backend.settings, patience=None) as celery:
        yield celery.control.inspect(timeout=seconds)
