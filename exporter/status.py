"""The four statuses: what the backend's words mean in them, and how several become one."""

from collections.abc import Iterable
from math import inf

from exporter.settings_backend import JudgementSettings

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


SINGLE_FAILURE = 1  # a single one that failed or was slow is no pattern, however few there were beside it


def status_from_error_ratio(asked: float, failed: float, limits: JudgementSettings) -> str:
    """The status that the share of failures means; `unknown` of too few."""
    if asked < limits.requests:
        return UNKNOWN
    if failed <= SINGLE_FAILURE:
        return HEALTHY
    share = failed / asked
    if share >= limits.down_error_ratio:
        return DOWN
    return DEGRADED if share > limits.degraded_error_ratio else HEALTHY


MAX_SUBJECTS = 1000  # subjects that are remembered


class StateChanges:
    """Remembers the last known observation of each subject. What is unknown for a while is no change."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, float]] = {}
        self._disagree: dict[str, float] = {}

    def record(self, subject: str, observed: str, now: float) -> float:
        """Take in an observation; the moment from which on a report may be held against it.

        What is observed first may have been so for long, so any report of it will do.
        """
        known = self._known.get(subject)
        if known is not None and observed in (known[0], UNKNOWN):
            return known[1]
        if observed == UNKNOWN or (known is None and len(self._known) >= MAX_SUBJECTS):
            return -inf
        self._known[subject] = (observed, -inf if known is None else now)
        return self._known[subject][1]

    def disagreement_since(self, subject: str, does: bool, now: float) -> float | None:
        """Since when a report has differed from what is observed, in Unix seconds; None where it does not."""
        if not does:
            self._disagree.pop(subject, None)
            return None
        if len(self._disagree) < MAX_SUBJECTS:
            self._disagree.setdefault(subject, now)
        return self._disagree.get(subject, now)
