"""No request body may be larger than the limit, whatever its headers say."""

from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion_api.web.errors import detail


class _TooLargeError(Exception):
    pass


class _Counted:
    """A request whose body is counted while it is read."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._left = limit
        self.too_large = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.too_large = True
            raise _TooLargeError
        return message

    async def send(self, message: Message) -> None:
        # the application may make an answer of its own out of the error above; ours says what is wrong
        if not self.too_large:
            await self._send(message)


class BodyLimit:
    """Answers 413 as soon as a body is known to be larger than `limit` bytes."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _announced(scope) > self.limit:
            await self._refuse(scope, receive, send)
            return
        counted = _Counted(receive, send, self.limit)
        with suppress(_TooLargeError):
            await self.app(scope, counted.receive, counted.send)
        if counted.too_large:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        sentence = f"The body is too large; expected at most {self.limit} bytes."
        await detail(413, sentence, {"Connection": "close"})(scope, receive, send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
