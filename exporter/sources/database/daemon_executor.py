"""Calls that run one after another in a daemon thread, which no exit of the process waits for."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonExecutor:
    """Runs calls one after another in a daemon thread, which starts with the first call."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: Thread | None = None

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run the call after those before it; the future gets its result."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        future: Future[T] = Future()
        self._work.put(lambda: complete_future(future, call))
        return future

    def shutdown(self, within: float) -> None:
        """End the thread after the submitted calls; wait `within` seconds at most."""
        if self._thread is not None:
            self._work.put(None)
            self._thread.join(within)

    def _run(self) -> None:
        while (call := self._work.get()) is not None:
            call()


def complete_future(future: Future[Any], call: Callable[[], object]) -> None:
    """Run the call and set the future's result or exception."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001  (raised where the future is awaited)
        future.set_exception(error)
