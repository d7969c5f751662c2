"""The supervisor process: the control API and the processes of the demo."""

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
    """A server without signal handlers of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
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


async def _until_ended(supervisor: Supervisor, api: socket.socket, control: socket.socket) -> None:
    injector = FaultInjector(supervisor)
    server = _server(supervisor, injector)
    running = asyncio.create_task(_run(injector, supervisor, server, api, control))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _end_once(running))
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(
    injector: FaultInjector,
    supervisor: Supervisor,
    server: QuietServer,
    api: socket.socket,
    control: socket.socket,
) -> None:
    serving = asyncio.create_task(server.serve([control]))
    try:
        await supervisor.start(api)
        settings = supervisor.settings
        await _break_at_start(injector, settings)
        supervisor.ready = True
        log.info("ready: API %s:%d, control %d", settings.host, settings.port, settings.control_port)
        await asyncio.wait({serving})
    finally:
        server.should_exit = True
        await asyncio.gather(supervisor.stop(), serving, return_exceptions=True)


def faults_at_start(settings: Settings) -> list[str]:
    """The faults to inject at the start; raises CannotStart for an unknown name."""
    names = [word.replace("_", "-") for word in settings.fault.split()]
    for name in names:
        if name not in FAULTS:
            raise CannotStart(f"DEMO_FAULT is {name[:40]!r}; expected one of {', '.join(FAULTS)}.")
    return names


async def _break_at_start(injector: FaultInjector, settings: Settings) -> None:
    for name in faults_at_start(settings):
        try:
            await injector.inject(name, FAULTS[name].parameters().model_dump())
        except FaultRefused as error:
            raise CannotStart(f"DEMO_FAULT is {settings.fault[:80]!r}; {error}") from error


def _end_once(running: asyncio.Task[None]) -> Callable[[], None]:
    # A second Ctrl-C must not interrupt the stop of the processes.
    def end() -> None:
        if not running.cancelling():
            log.info("ending")
            running.cancel()

    return end


def _server(supervisor: Supervisor, injector: FaultInjector) -> QuietServer:
    app = make_control(supervisor, injector)
    return QuietServer(
        uvicorn.Config(
            app, log_config=None, access_log=False, log_level="warning", timeout_graceful_shutdown=1
        )
    )
