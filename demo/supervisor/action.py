"""What puts a fault in force and lifts it."""

from collections.abc import Callable, Coroutine
from typing import Any

from demo.supervisor.stage import Stage

Parameters = dict[str, Any]
Action = Callable[[Stage, Parameters], Coroutine[Any, Any, None]]


class Refused(Exception):
    """The fault cannot be put in force or lifted here; the message says why."""
