"""The supervisor process: control page, children, and the end of both."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator

import uvicorn

from demo.faults.catalogue import FAULTS
from demo.settings import Settings
from demo.supervisor.control import make_control
from demo.supervisor.fault_injector import FaultInjector
from demo.supervisor.parts import CannotStart, listen
from demo.supervisor.supervisor import FaultRefused, Supervisor

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
        faults_at_start(settings)
        with (
            listen(settings.host, settings.port, "DEMO_PORT") as api,
            listen(settings.host, settings.control_port, "DEMO_CONTROL_PORT") as control,
        ):
            await _until_ended(Supervisor(settings), api, control)
    except CannotStart as error:
        print(error, file=sys.stderr)  # noqa: T201  the one sentence for whoever started it
        return 1
    return 0


async def _until_ended(stage: Supervisor, api: socket.socket, control: socket.socket) -> None:
    breaking = FaultInjector(stage)
    server = _server(stage, breaking)
    running = asyncio.create_task(_run(breaking, stage, server, api, control))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _end_once(running))
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(
    breaking: FaultInjector,
    stage: Supervisor,
    server: QuietServer,
    api: socket.socket,
    control: socket.socket,
) -> None:
    serving = asyncio.create_task(server.serve([control]))
    try:
        await stage.start(api)
        settings = stage.settings
        await _break_at_start(breaking, settings)
        stage.ready = True
        log.info("ready: API %s:%d, control %d", settings.host, settings.port, settings.control_port)
        await asyncio.wait({serving})
    finally:
        server.should_exit = True
        await asyncio.gather(stage.end(), serving, return_exceptions=True)


def faults_at_start(settings: Settings) -> list[str]:
    """The faults that are in force from the start; raises CannotStart where there is none of that name."""
    names = [word.replace("_", "-") for word in settings.fault.split()]
    for name in names:
        if name not in FAULTS:
            raise CannotStart(f"DEMO_FAULT is {name[:40]!r}; expected one of {', '.join(FAULTS)}.")
    return names


async def _break_at_start(breaking: FaultInjector, settings: Settings) -> None:
    for name in faults_at_start(settings):
        try:
            await breaking.put(name, FAULTS[name].parameters().model_dump())
        except FaultRefused as error:
            raise CannotStart(f"DEMO_FAULT is {settings.fault[:80]!r}; {error}") from error


def _end_once(running: asyncio.Task[None]) -> Callable[[], None]:
    # A second Ctrl-C must not cut the ending of the children short.
    def end() -> None:
        if not running.cancelling():
            log.info("ending")
            running.cancel()

    return end


def _server(stage: Supervisor, breaking: FaultInjector) -> QuietServer:
    app = make_control(stage, breaking)
    return QuietServer(
        uvicorn.Config(
            app, log_config=None, access_log=False, log_level="warning", timeout_graceful_shutdown=1
        )
    )
