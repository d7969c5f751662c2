"""Makes a module slow or faulty while such a fault is in force, and notes how each module answers."""

import asyncio
from collections import defaultdict

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.api.paths import module_of
from demo.api.recent import RecentAnswers
from demo.faults.state import FaultFile


class Trouble:
    """Middleware in front of the routes; a module's own health route is left alone."""

    def __init__(self, app: ASGIApp, faults: FaultFile, recent: RecentAnswers) -> None:
        self._app = app
        self._faults = faults
        self._recent = recent
        self._owed: dict[str, float] = defaultdict(float)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Delay, refuse or pass on a request."""
        module = module_of(scope["path"]) if scope["type"] == "http" else None
        if module is None or scope["path"].endswith("/health"):
            return await self._app(scope, receive, send)
        await self._delay(module)
        if self._must_fail(module):
            self._recent.note(module, failed=True)
            failure = JSONResponse({"detail": "Internal server error"}, 500)
            return await failure(scope, receive, send)
        return await self._watched(module, scope, receive, send)

    async def _delay(self, module: str) -> None:
        slow = self._faults.get("slow-module")
        if slow and slow["module"] == module:
            await asyncio.sleep(slow["seconds"])

    def _must_fail(self, module: str) -> bool:
        faulty = self._faults.get("errors-in-module")
        if not faulty or faulty["module"] != module:
            return False
        # Every request owes its share of an error, so that the ratio is exact and not left to chance.
        self._owed[module] += faulty["share"]
        due = self._owed[module] >= 1
        self._owed[module] -= due
        return due

    async def _watched(self, module: str, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self._recent.note(module, failed=status >= 500)
