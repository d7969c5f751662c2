"""What git says while it runs: read as it comes, and only the end of it kept.

It goes through a pipe and not into a file, since on a full disk the file would stay empty.
"""

import os
import select
from types import TracebackType
from typing import Self

MAX_BYTES = 8192
_READ_BYTES = 65_536


class StderrPipe:
    """A pipe for the errors of a process; `end` is what is to be written to, `last` are the last words."""

    def __init__(self) -> None:
        self._reading, self.end = os.pipe()
        os.set_blocking(self._reading, False)
        self._poll = select.poll()
        self._poll.register(self._reading, select.POLLIN)
        self._open = {self._reading, self.end}
        self.last = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    def started(self) -> None:
        """Let go of the end that the process has by now."""
        os.close(self.end)
        self._open.discard(self.end)

    def listen(self, seconds: float) -> None:
        """Wait so long at most for more of it."""
        if self._poll.poll(seconds * 1000):
            self._read()

    def listen_out(self) -> None:
        """Read what is there, after the end of the process."""
        while self._read():
            pass

    def _read(self) -> bool:
        try:
            read = os.read(self._reading, _READ_BYTES)
        except BlockingIOError:
            return False
        self.last = (self.last + read)[-MAX_BYTES:]
        return bool(read)
