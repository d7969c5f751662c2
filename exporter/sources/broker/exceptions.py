"""The class of the exception that ended a task, from what Celery's event says of it."""

import re
from typing import Any

from exporter.sources.broker.task_counters import UNKNOWN

REPR_CALL = re.compile(r"([A-Za-z_][\w.]*)(?:\(|$)")  # as repr() shows most exceptions
LAST_LINE = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)  # unindented, as a traceback ends
TRACEBACK_TAIL = 2000


def exception_class(event: dict[str, Any]) -> str:
    """The name of the class without its module, never the message."""
    text, trace = event.get("exception"), event.get("traceback")
    if isinstance(text, str) and (call := REPR_CALL.match(text)):
        return unqualified_name(call[1])
    lines = LAST_LINE.findall(trace[-TRACEBACK_TAIL:]) if isinstance(trace, str) else []
    return unqualified_name(lines[-1]) if lines else UNKNOWN


def unqualified_name(path: str) -> str:
    """The last word of a dotted name."""
    return path.rpartition(".")[2] or UNKNOWN
