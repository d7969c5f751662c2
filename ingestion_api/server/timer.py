"""A time limit on the event loop."""

import asyncio
from collections.abc import Callable


class DeadlineTimer:
    """Acts once when its time is over; started again, it runs anew."""

    def __init__(self, loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
        self._loop = loop
        self._act = act
        self._handle: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        """Whether it has been started and neither stopped nor acted."""
        return self._handle is not None

    def start(self, seconds: float) -> None:
        """Run for so long from now."""
        self.stop()
        self._handle = self._loop.call_later(seconds, self._end)

    def stop(self) -> None:
        """Do not act."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _end(self) -> None:
        self._handle = None
        self._act()
