"""A thread that does one thing after another, so that what blocks in it blocks nothing else."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonExecutor:
    """Starts with the first thing it is given; it never keeps the process from ending."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def submit(self, thing: Callable[[], T]) -> Future[T]:
        """Do this thing after those before it; its outcome is in the future."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        future: Future[T] = Future()
        self._work.put(lambda: complete_future(future, thing))
        return future

    def shutdown(self, within: float) -> None:
        """End after what was submitted before; do not wait longer than `within` seconds for it."""
        if self._thread is not None:
            self._work.put(None)
            self._thread.join(within)

    def _run(self) -> None:
        while (thing := self._work.get()) is not None:
            thing()


def complete_future(future: Future[Any], thing: Callable[[], object]) -> None:
    """Do the thing and put what came of it into the future."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(thing())
    except BaseException as error:  # noqa: BLE001  (whoever waits for the future must hear of it)
        future.set_exception(error)
