"""One line for each thing worth saying."""

import logging


def start_logging(part: str, level: str) -> None:
    """Log to standard error, each line with its time, part and level."""
    logging.basicConfig(
        level=level.upper(),
        format=f"%(asctime)s {part} %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
        force=True,
    )
    for noisy in ("httpx2", "httpcore2", "uvicorn.access", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def in_short(error: BaseException) -> str:
    """The kind and the first line of an error, short enough for a log line."""
    text = str(error).strip()
    first = text.splitlines()[0] if text else ""
    return f"{type(error).__name__}: {first[:160]}" if first else type(error).__name__
