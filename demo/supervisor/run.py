"""The supervisor process: control page, children, and the end of both."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator

import uvicorn

from demo.settings import Settings
from demo.supervisor.control import make_control
from demo.supervisor.parts import CannotStart, listen
from demo.supervisor.stage import Stage

log = logging.getLogger(__name__)


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to the supervisor."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


async def supervise(settings: Settings) -> int:
    """Run the demo until a signal; the exit code."""
    try:
        with (
            listen(settings.host, settings.port, "DEMO_PORT") as api,
            listen(settings.host, settings.control_port, "DEMO_CONTROL_PORT") as control,
        ):
            await _until_ended(Stage(settings), api, control)
    except CannotStart as error:
        print(error, file=sys.stderr)  # noqa: T201  the one sentence for whoever started it
        return 1
    return 0


async def _until_ended(stage: Stage, api: socket.socket, control: socket.socket) -> None:
    server = _server(stage)
    running = asyncio.create_task(_run(stage, server, api, control))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _end_once(running))
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(stage: Stage, server: QuietServer, api: socket.socket, control: socket.socket) -> None:
    serving = asyncio.create_task(server.serve([control]))
    try:
        await stage.start(api)
        settings = stage.settings
        log.info("ready: API %s:%d, control %d", settings.host, settings.port, settings.control_port)
        await asyncio.wait({serving})
    finally:
        server.should_exit = True
        await asyncio.gather(stage.end(), serving, return_exceptions=True)


def _end_once(running: asyncio.Task[None]) -> Callable[[], None]:
    # A second Ctrl-C must not cut the ending of the children short.
    def end() -> None:
        if not running.cancelling():
            log.info("ending")
            running.cancel()

    return end


def _server(stage: Stage) -> QuietServer:
    app = make_control(stage)
    return QuietServer(
        uvicorn.Config(
            app, log_config=None, access_log=False, log_level="warning", timeout_graceful_shutdown=1
        )
    )
