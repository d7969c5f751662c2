"""An application whose OpenAPI document is written once, however many ask for it first."""

from collections.abc import Callable
from threading import RLock
from typing import Any, TypeVar, cast

from fastapi import FastAPI

Written = TypeVar("Written")


class Application(FastAPI):
    """FastAPI, with a lock around what is slow to write and the same for everybody.

    FastAPI keeps the document once it is there. Requests that ask before that would each write it, all at the
    same time: 16 of them took the interpreter for 2 to 3 s, in which nobody else had an answer.
    """

    def __init__(self, **options: Any) -> None:
        self._lock = RLock()
        super().__init__(**options)

    def openapi(self) -> dict[str, Any]:
        """Return the document; call it from a thread, where it may have to be waited for."""
        with self._lock:
            return super().openapi()

    def written_once(self, name: str, write: Callable[[], Written]) -> Written:
        """Return what `write` has returned the first time that this name was asked for."""
        with self._lock:
            if not hasattr(self.state, name):
                setattr(self.state, name, write())
            return cast("Written", getattr(self.state, name))
