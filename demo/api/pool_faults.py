"""Faults of the connection pool: exhausted and deadlocked."""

import asyncio
import time
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.api.backend import module_of
from demo.faults.state import FaultFile
from demo.storage.engine import MAX_OVERFLOW, POOL_SIZE, open_engine, queue_pool

POOL_DEADLOCK = "pool-deadlock"
# Modules that no request to the database is made for.
WITHOUT_DATABASE = (None, "auth", "monitoring")
# Seconds between two checks whether a fault is in force.
FAULT_CHECK_INTERVAL = 0.2


class PoolDeadlockMiddleware:
    """Middleware that borrows connections from a pool of its own, which /db/pool does not report.

    A request borrows a connection on the event loop and returns it after its response, which needs the loop.
    Behind a blocked loop requests pile up and start one after another in a single turn: the first ones borrow
    the whole pool, each later one blocks the loop until its timeout, and no connection is returned.
    """

    def __init__(self, app: ASGIApp, faults: FaultFile, address: str) -> None:
        self._app = app
        self._faults = faults
        self._address = address
        self._engine: Engine | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a connection borrowed for it, or fail with 500 when none came in time."""
        fault = self._faults.get(POOL_DEADLOCK)
        if fault is None:
            self._dispose()
            return await self._app(scope, receive, send)
        if scope["type"] != "http" or module_of(scope["path"]) in WITHOUT_DATABASE:
            return await self._app(scope, receive, send)
        try:
            connection = self._check_out(fault)
        except NoConnection:
            failure = JSONResponse({"detail": "Internal server error"}, 500)
            return await failure(scope, receive, send)
        try:
            await self._app(scope, receive, send)
        finally:
            if connection is not None:
                connection.close()

    def _check_out(self, fault: dict[str, Any]) -> Connection | None:
        # This blocks the loop on purpose, in QueuePool._do_get.
        until = time.monotonic() + fault["seconds"]
        while POOL_DEADLOCK in self._faults:
            try:
                return self._pool(fault["connections"]).connect()
            except NoConnection:
                if time.monotonic() >= until:
                    raise
            except DBAPIError:
                # If the database is down the routes report it themselves.
                return None
        return None

    def _pool(self, connections: int) -> Engine:
        if self._engine is None:
            size = min(POOL_SIZE, connections)
            self._engine = open_engine(self._address, FAULT_CHECK_INTERVAL, (size, connections - size))
        return self._engine

    def _dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


class PoolExhauster:
    """Checks out every connection of the pool while the fault pool-exhausted is in force."""

    def __init__(self, engine: Engine, faults: FaultFile) -> None:
        self._engine = engine
        self._faults = faults
        self._connections: list[Connection] = []

    async def watch(self) -> None:
        """Watch the fault file until cancelled."""
        try:
            while True:
                if "pool-exhausted" in self._faults:
                    await asyncio.to_thread(self.check_out_all)
                elif self._connections:
                    self.check_in_all()
                await asyncio.sleep(FAULT_CHECK_INTERVAL)
        finally:
            self.check_in_all()

    def check_out_all(self) -> None:
        """Check out the rest of the pool; connections of requests follow when they are returned."""
        capacity = queue_pool(self._engine).size() + MAX_OVERFLOW
        while len(self._connections) < capacity and queue_pool(self._engine).checkedout() < capacity:
            try:
                self._connections.append(self._engine.connect())
            except SQLAlchemyError:
                return

    def check_in_all(self) -> None:
        """Return all connections."""
        while self._connections:
            self._connections.pop().close()
