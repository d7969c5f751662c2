"""Whether a pooled connection to a database server still lives, without asking the server each time."""

import select
import time
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event

FRESH_SECONDS = 1.0  # a connection that was in use so recently is not pinged


def ping_idle_only(engine: Engine) -> None:
    """Let the pool ping a connection only where it was idle, or where the server has sent something.

    What a server sends unasked is the end of the connection. A ping is a round trip for each query of a page.
    """
    dialect, returned_at = engine.dialect, WeakKeyDictionary[Any, float]()
    ping = dialect.do_ping

    @event.listens_for(engine, "checkin")
    def note(connection: Any, _record: object) -> None:
        if connection is not None:
            returned_at[connection] = time.monotonic()

    def ping_unless_fresh(connection: Any) -> bool:
        idle = time.monotonic() - returned_at.get(connection, float("-inf"))
        return (idle < FRESH_SECONDS and not _has_input(connection)) or ping(connection)

    dialect.do_ping = ping_unless_fresh  # type: ignore[method-assign, assignment]  # of this engine only


def _has_input(connection: Any) -> bool:
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
