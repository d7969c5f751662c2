"""How late our own event loop is: that time of ours says nothing about a server."""

import asyncio

STEP = 0.02  # seconds between two looks; of each time that the loop stands, so much may be missed


class LoopLag:
    """Adds up by how much the running loop is late, from now until `stop`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._late = 0.0
        self._look_again()

    def stop(self) -> float:
        """Seconds by which the loop has been late in all."""
        self._timer.cancel()
        return self._late + max(self._loop.time() - self._due, 0.0)

    def _look_again(self) -> None:
        self._due = self._loop.time() + STEP
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._late += max(self._loop.time() - self._due, 0.0)
        self._look_again()
