"""Holds every connection of the pool while the fault pool-exhausted is in force."""

import asyncio

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from demo.faults.state import FaultFile
from demo.storage.engine import MAX_OVERFLOW, queue_pool

LOOK_EVERY = 0.2


class Exhaustion:
    """Borrows all that the pool lends, and gives everything back when the fault is lifted."""

    def __init__(self, engine: Engine, faults: FaultFile) -> None:
        self._engine = engine
        self._faults = faults
        self._held: list[Connection] = []

    async def watch(self) -> None:
        """Follow the fault file until cancelled."""
        try:
            while True:
                if "pool-exhausted" in self._faults:
                    await asyncio.to_thread(self.take)
                elif self._held:
                    self.give_back()
                await asyncio.sleep(LOOK_EVERY)
        finally:
            self.give_back()

    def take(self) -> None:
        """Borrow until nothing is left; a connection lent to a request is taken when it comes back."""
        capacity = queue_pool(self._engine).size() + MAX_OVERFLOW
        while len(self._held) < capacity and queue_pool(self._engine).checkedout() < capacity:
            try:
                self._held.append(self._engine.connect())
            except SQLAlchemyError:
                return

    def give_back(self) -> None:
        """Return everything held."""
        while self._held:
            self._held.pop().close()
