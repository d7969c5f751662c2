"""The dead-lock behind a pile of requests, while the fault pool-deadlock is in force.

A request borrows a connection on the event loop and gives it back after its response, which needs the
loop. As long as the loop turns, that works. Behind a blocked loop requests pile up and take their first
step one after the other in a single turn: the first ones borrow all that the pool lends, the next one
blocks the loop until its time is up, then the one after it, and nobody ever gets to the giving back.
"""

import time
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.api.paths import module_of
from demo.faults.state import FaultFile
from demo.storage.engine import POOL_SIZE, open_engine

NAME = "pool-deadlock"
# Modules that no request to the database is made for.
WITHOUT_DATABASE = (None, "auth", "monitoring")
# So often a blocked request looks whether the fault is still in force.
LOOK_EVERY = 0.2


class Pile:
    """Middleware that borrows from a pool of its own, for which /db/pool has no eyes."""

    def __init__(self, app: ASGIApp, faults: FaultFile, address: str) -> None:
        self._app = app
        self._faults = faults
        self._address = address
        self._engine: Engine | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a connection borrowed for it, or fail with 500 when none came in time."""
        fault = self._faults.get(NAME)
        if fault is None:
            self._dispose()
            return await self._app(scope, receive, send)
        if scope["type"] != "http" or module_of(scope["path"]) in WITHOUT_DATABASE:
            return await self._app(scope, receive, send)
        try:
            connection = self._borrow(fault)
        except NoConnection:
            failure = JSONResponse({"detail": "Internal server error"}, 500)
            return await failure(scope, receive, send)
        try:
            await self._app(scope, receive, send)
        finally:
            if connection is not None:
                connection.close()

    def _borrow(self, fault: dict[str, Any]) -> Connection | None:
        # This blocks the loop on purpose, in QueuePool._do_get.
        until = time.monotonic() + fault["seconds"]
        while NAME in self._faults:
            try:
                return self._lender(fault["connections"]).connect()
            except NoConnection:
                if time.monotonic() >= until:
                    raise
            except DBAPIError:
                # Of a database that is away the routes tell in their own words.
                return None
        return None

    def _lender(self, connections: int) -> Engine:
        if self._engine is None:
            size = min(POOL_SIZE, connections)
            self._engine = open_engine(self._address, LOOK_EVERY, (size, connections - size))
        return self._engine

    def _dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
