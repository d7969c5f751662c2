"""Logging with one line per record."""

import copy
import logging


class OneLineFormatter(logging.Formatter):
    """A line for each record; an exception shows as its kind and first words."""

    def format(self, record: logging.LogRecord) -> str:
        """The record in one line, without its traceback."""
        error = record.exc_info[1] if record.exc_info else None
        short = copy.copy(record)
        short.exc_info, short.exc_text = None, None
        text = super().format(short).splitlines()[0]
        return text if error is None else f"{text} ({short_error(error)})"


def start_logging(part: str, level: str) -> None:
    """Log to standard error, each line with its time, part and level."""
    output = logging.StreamHandler()
    output.setFormatter(OneLineFormatter(f"%(asctime)s {part} %(levelname)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level.upper(), handlers=[output], force=True)
    for noisy in ("httpx2", "httpcore2", "uvicorn.access", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def short_error(error: BaseException) -> str:
    """The kind and the first line of an error, short enough for a log line."""
    text = str(error).strip()
    first = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {first[:160]}" if first else type(error).__name__
