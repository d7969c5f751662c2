"""A process that is restarted when it ends."""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
FIRST_BACKOFF = 0.5
MAX_BACKOFF = 10.0
# Seconds after which a process that ended starts again without a longer backoff.
STABLE_AFTER = 30.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass
class SupervisedProcess:
    """A command that is started, and restarted until it is held or stopped."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    options: dict[str, Any] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    starts: int = 0
    process: asyncio.subprocess.Process | None = None
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _restarting: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        running = self.process is not None and self.process.returncode is None
        return self.process.pid if running and self.process else None

    @property
    def is_held(self) -> bool:
        """Whether a fault keeps it down."""
        return not self._wanted.is_set()

    def start(self) -> None:
        """Start it, and restart it whenever it ends by itself."""
        self._wanted.set()
        if self._restarting is None:
            self._restarting = asyncio.create_task(self._restart_loop())

    def release(self) -> None:
        """Let a held process run again."""
        self._wanted.set()

    async def hold(self, how: signal.Signals) -> None:
        """Stop it with a signal and keep it down; a suspended one is resumed to receive the signal."""
        self._wanted.clear()
        self.signal(signal.SIGCONT)
        self.signal(how)
        await self._wait_or_kill(5.0)

    async def stop(self, patience: float) -> None:
        """Stop it for good; SIGKILL its whole group after `patience` seconds."""
        if self._restarting is not None:
            self._restarting.cancel()
        self._wanted.clear()
        self.signal(signal.SIGCONT)
        if self.pid is not None:
            os.kill(self.pid, self.stop_signal)
        await self._wait_or_kill(patience)

    def signal(self, which: signal.Signals) -> None:
        """Send a signal to its whole process group, if there is one."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, which)

    def child_pids(self) -> list[int]:
        """Process ids of its own children."""
        if self.pid is None:
            return []
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(word) for word in listed.read_text("ascii").split()] if listed.exists() else []

    async def _restart_loop(self) -> None:
        pause = FIRST_BACKOFF
        while True:
            await self._wanted.wait()
            started = time.monotonic()
            code = await self._run()
            if self.is_held:
                continue
            pause = FIRST_BACKOFF if time.monotonic() - started > STABLE_AFTER else pause
            log.warning("%s ended with code %s; it starts again in %.1f s", self.name, code, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_BACKOFF)

    async def _run(self) -> int:
        self.process = await asyncio.create_subprocess_exec(
            *self.command, env=dict(self.environment), stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True, preexec_fn=_die_with_parent, **self.options,
        )  # fmt: skip
        self.starts += 1
        code = await self.process.wait()
        # The rest of the group must not outlive a killed leader.
        self.signal(signal.SIGKILL)
        return code

    async def _wait_or_kill(self, patience: float) -> None:
        if self.process is None:
            return
        try:
            await asyncio.wait_for(self.process.wait(), patience)
        except TimeoutError:
            log.info("%s did not end within %.1f s and is killed", self.name, patience)
        self.signal(signal.SIGKILL)
        await self.process.wait()


def _die_with_parent() -> None:
    # The children end even if the supervisor is killed.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
