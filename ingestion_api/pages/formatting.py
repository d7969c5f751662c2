"""Levels as people read them, each in its unit."""

from ingestion_api.pages.templates import number, size
from ingestion_api.preferences import format_level

# how a field says what is to be entered
INPUT_UNITS = {
    "ratio": "as a ratio, 0.05 for 5 %",
    "seconds": "in seconds",
    "bytes": "in bytes",
    "per_second": "per second",
    "count": "as a number",
    "state": "as a number",
}
_GAP = "\N{NO-BREAK SPACE}"
_TIMES = ((86_400, "days"), (3600, "h"), (60, "min"))


def format_value(level: float, unit: str) -> str:
    """A level with its unit: "5 %", "300 ms", "5 min", "1.5 GiB"."""
    if unit == "ratio":
        return f"{format_level(round(100 * level, 8))}{_GAP}%"
    if unit == "seconds":
        return _format_seconds(level)
    if unit == "bytes":
        return size(level)
    count = number(level) if level == int(level) else format_level(level)
    return f"{count}{_GAP}/{_GAP}s" if unit == "per_second" else count


def _format_seconds(seconds: float) -> str:
    for length, name in _TIMES:
        if seconds >= 2 * length and seconds % length == 0:
            return f"{format_level(seconds / length)}{_GAP}{name}"
    if 0 < seconds < 1:
        return f"{format_level(round(1000 * seconds, 8))}{_GAP}ms"
    return f"{format_level(seconds)}{_GAP}s"
