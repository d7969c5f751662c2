"""The class of the exception that ended a task, from what Celery's event says of it."""

import re
from typing import Any

from exporter.sources.broker.tallies import UNKNOWN

CALL = re.compile(r"([A-Za-z_][\w.]*)(?:\(|$)")  # as repr() shows most exceptions
LAST_LINE = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)  # unindented, as a traceback ends
TAIL = 2000


def exception_class(event: dict[str, Any]) -> str:
    """The name of the class without its module, never the message."""
    text, trace = event.get("exception"), event.get("traceback")
    if isinstance(text, str) and (call := CALL.match(text)):
        return short(call[1])
    lines = LAST_LINE.findall(trace[-TAIL:]) if isinstance(trace, str) else []
    return short(lines[-1]) if lines else UNKNOWN


def short(path: str) -> str:
    """The last word of a dotted name."""
    return path.rpartition(".")[2] or UNKNOWN
