"""Injects and lifts faults, one at a time, and writes them to the fault file."""

import asyncio
import logging
import uuid
from typing import Any

from demo.faults.catalogue import EXCLUSIVE_FAULTS, FAULTS
from demo.faults.state import FaultsInForce, fault_file
from demo.supervisor.actions import ACTIONS
from demo.supervisor.supervisor import FaultRefused, Parameters, Supervisor

log = logging.getLogger(__name__)
# The fault that ends by itself after its `seconds`.
SELF_ENDING = "server-frozen"


class FaultInjector:
    """The injected faults; the only writer of the fault file."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._file = fault_file(supervisor.settings.home)
        self._in_force: FaultsInForce = {}
        self._lock = asyncio.Lock()
        self._ending: asyncio.Task[None] | None = None

    async def inject(self, name: str, parameters: Parameters) -> None:
        """Inject a fault with its parts, again if it is in force; raises FaultRefused."""
        async with self._lock:
            if name in self._in_force:
                await self._lift(name)
            self._require_compatible(name)
            await self._inject(name, parameters)
            if name == SELF_ENDING and parameters["seconds"]:
                self._ending = asyncio.create_task(self._lift_after(name, parameters))

    async def lift(self, name: str) -> None:
        """Lift a fault, if it is in force."""
        async with self._lock:
            if name in self._in_force:
                await self._lift(name)

    async def lift_all(self) -> None:
        """Lift every fault, the latest first."""
        async with self._lock:
            while self._in_force:
                await self._lift(next(reversed(self._in_force)))

    def list_faults(self) -> list[dict[str, Any]]:
        """Every fault with its state, description and how to lift it."""
        return [
            {"name": name, "in_force": name in self._in_force, "parameters": self._in_force.get(name),
             "words": fault.description, "lift": f"DELETE /faults/{name} or python -m demo.fault {name} off",
             "lifting": fault.recovery, "defaults": fault.parameters().model_dump()}
            for name, fault in FAULTS.items()
        ]  # fmt: skip

    def _require_compatible(self, name: str) -> None:
        for pair in EXCLUSIVE_FAULTS:
            other = {*pair} - {name}
            if name in pair and other & self._in_force.keys():
                raise FaultRefused(f"{name} cannot be put in force while {other.pop()} is; lift that first.")

    async def _inject(self, name: str, parameters: Parameters) -> None:
        if name == "queue-flood":
            parameters["flood"] = uuid.uuid4().hex
        # The file first: a task of a flood that is not in it returns at once.
        self._in_force[name] = parameters
        self._file.write(self._in_force)
        try:
            await self._inject_parts(name)
            if name in ACTIONS:
                await ACTIONS[name][0](self._supervisor, parameters)
        except Exception:
            await self._lift_parts(name)
            self._remove(name)
            raise
        # An action may have added to the parameters.
        self._file.write(self._in_force)
        log.info("fault %s in force %s", name, parameters or "")

    async def _inject_parts(self, name: str) -> None:
        parts = [part for part in FAULTS[name].parts if part.name not in self._in_force]
        for part in parts:
            self._require_compatible(part.name)
            await self._inject(part.name, part.parameters.model_dump())
            self._in_force[name].setdefault("parts", []).append(part.name)

    async def _lift(self, name: str) -> None:
        if name in ACTIONS:
            await ACTIONS[name][1](self._supervisor, self._in_force[name])
        await self._lift_parts(name)
        self._remove(name)
        log.info("fault %s lifted", name)

    async def _lift_parts(self, name: str) -> None:
        # Only those that were injected with it and not lifted since.
        for part in reversed(self._in_force[name].get("parts", [])):
            if part in self._in_force:
                await self._lift(part)

    def _remove(self, name: str) -> None:
        del self._in_force[name]
        self._file.write(self._in_force)

    async def _lift_after(self, name: str, parameters: Parameters) -> None:
        await asyncio.sleep(parameters["seconds"])
        # A fault that was injected again has another end.
        if self._in_force.get(name) is parameters:
            await self.lift(name)
