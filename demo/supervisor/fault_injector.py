"""Puts faults in force, one after the other, and keeps account of them."""

import asyncio
import logging
import uuid
from typing import Any

from demo.faults.catalogue import EXCLUSIVE_FAULTS, FAULTS
from demo.faults.state import FaultsInForce, fault_file
from demo.supervisor.actions import ACTIONS
from demo.supervisor.supervisor import FaultRefused, Parameters, Supervisor

log = logging.getLogger(__name__)
# The fault that ends by itself after its seconds.
SELF_ENDING = "server-frozen"


class FaultInjector:
    """The faults in force on a stage; the only writer of the fault file."""

    def __init__(self, stage: Supervisor) -> None:
        self._stage = stage
        self._file = fault_file(stage.settings.home)
        self._in_force: FaultsInForce = {}
        self._one_by_one = asyncio.Lock()
        self._ending: asyncio.Task[None] | None = None

    async def put(self, name: str, parameters: Parameters) -> None:
        """Put a fault in force with its parts, anew if it is already; raises Refused."""
        async with self._one_by_one:
            if name in self._in_force:
                await self._lift(name)
            self._must_fit(name)
            await self._break(name, parameters)
            if name == SELF_ENDING and parameters["seconds"]:
                self._ending = asyncio.create_task(self._end_after(name, parameters))

    async def lift(self, name: str) -> None:
        """Lift a fault; one that is not in force stays so."""
        async with self._one_by_one:
            if name in self._in_force:
                await self._lift(name)

    async def lift_all(self) -> None:
        """Lift every fault, the latest first."""
        async with self._one_by_one:
            while self._in_force:
                await self._lift(next(reversed(self._in_force)))

    def listing(self) -> list[dict[str, Any]]:
        """Every fault with its state, words and way to lift it."""
        return [
            {"name": name, "in_force": name in self._in_force, "parameters": self._in_force.get(name),
             "words": fault.words, "lift": f"DELETE /faults/{name} or python -m demo.fault {name} off",
             "lifting": fault.lifting, "defaults": fault.parameters().model_dump()}
            for name, fault in FAULTS.items()
        ]  # fmt: skip

    def _must_fit(self, name: str) -> None:
        for pair in EXCLUSIVE_FAULTS:
            other = {*pair} - {name}
            if name in pair and other & self._in_force.keys():
                raise FaultRefused(f"{name} cannot be put in force while {other.pop()} is; lift that first.")

    async def _break(self, name: str, parameters: Parameters) -> None:
        if name == "queue-flood":
            parameters["flood"] = uuid.uuid4().hex
        # The file first: a task of a flood that is not in it returns at once.
        self._in_force[name] = parameters
        self._file.write(self._in_force)
        try:
            await self._break_parts(name)
            if name in ACTIONS:
                await ACTIONS[name][0](self._stage, parameters)
        except Exception:
            await self._lift_parts(name)
            self._forget(name)
            raise
        # An action may have added to the parameters.
        self._file.write(self._in_force)
        log.info("fault %s in force %s", name, parameters or "")

    async def _break_parts(self, name: str) -> None:
        parts = [part for part in FAULTS[name].parts if part.name not in self._in_force]
        for part in parts:
            self._must_fit(part.name)
            await self._break(part.name, part.parameters.model_dump())
            self._in_force[name].setdefault("parts", []).append(part.name)

    async def _lift(self, name: str) -> None:
        if name in ACTIONS:
            await ACTIONS[name][1](self._stage, self._in_force[name])
        await self._lift_parts(name)
        self._forget(name)
        log.info("fault %s lifted", name)

    async def _lift_parts(self, name: str) -> None:
        # Only those that came with it, and of these only what nobody lifted meanwhile.
        for part in reversed(self._in_force[name].get("parts", [])):
            if part in self._in_force:
                await self._lift(part)

    def _forget(self, name: str) -> None:
        del self._in_force[name]
        self._file.write(self._in_force)

    async def _end_after(self, name: str, parameters: Parameters) -> None:
        await asyncio.sleep(parameters["seconds"])
        # Put in force anew meanwhile, it has another end.
        if self._in_force.get(name) is parameters:
            await self.lift(name)
