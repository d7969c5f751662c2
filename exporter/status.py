"""The four statuses: what the backend's words mean in them, and how several become one."""

from collections.abc import Iterable

HEALTHY, DEGRADED, DOWN, UNKNOWN = "healthy", "degraded", "down", "unknown"
BY_SEVERITY = (DOWN, DEGRADED, HEALTHY)
STATUS_WORDS = {
    HEALTHY: ("healthy", "ok", "available", "online", "up", "connected", "operational", "ready"),
    DEGRADED: ("degraded", "warning", "partial"),
    DOWN: ("unhealthy", "error", "unavailable", "offline", "down", "failed", "critical"),
}
STATUS_OF = {word: status for status, words in STATUS_WORDS.items() for word in words}


def parse_status(word: object) -> str:
    """The status that a word of the backend stands for; a word that is not known stands for `unknown`."""
    return STATUS_OF.get(word.strip().lower(), UNKNOWN) if isinstance(word, str) else UNKNOWN


def worst_status(statuses: Iterable[str]) -> str:
    """The gravest of these; what is unknown neither helps nor harms, and alone it stays unknown."""
    found = set(statuses)
    return next((status for status in BY_SEVERITY if status in found), UNKNOWN)


def effective_status(reported: str, observed: str) -> str:
    """What holds: what is observed, else a report of trouble; a healthy report alone is not enough."""
    if observed != UNKNOWN:
        return observed
    return reported if reported in (DEGRADED, DOWN) else UNKNOWN
