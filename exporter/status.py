"""The four statuses: parsed, merged, computed from error ratios, and since when they hold."""

from collections.abc import Iterable
from math import inf, sqrt
from statistics import NormalDist

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
    """The status that a word of the backend means; an unknown word means `unknown`."""
    return STATUS_OF.get(word.strip().lower(), UNKNOWN) if isinstance(word, str) else UNKNOWN


def worst_status(statuses: Iterable[str]) -> str:
    """The worst of these; `unknown` counts only where nothing else is known."""
    found = set(statuses)
    return next((status for status in BY_SEVERITY if status in found), UNKNOWN)


def effective_status(reported: str, observed: str) -> str:
    """The observed status, else a report of trouble; a healthy report alone is not enough."""
    if observed != UNKNOWN:
        return observed
    return reported if reported in (DEGRADED, DOWN) else UNKNOWN


def lower_bound(failed: float, total: float, confidence: float) -> float:
    """The share of failures that is exceeded with this confidence: the one-sided bound of Wilson."""
    if total <= 0:
        return 0.0
    z = NormalDist().inv_cdf(confidence)
    spread = z * sqrt(max(failed - failed**2 / total, 0.0) + z**2 / 4)
    return max((failed + z**2 / 2 - spread) / (total + z**2), 0.0)


def is_significant(failed: float, total: float, share: float, limits: JudgementSettings) -> bool:
    """Whether enough failed, and chance is ruled out that the share is below this level."""
    return failed >= limits.failures and lower_bound(failed, total, limits.confidence) > share


def significant_status(total: float, failed: float, limits: JudgementSettings) -> str:
    """The status that this ratio of failures proves; `unknown` where most failed, but too few to prove it."""
    if total < limits.requests:
        return UNKNOWN
    if is_significant(failed, total, limits.down_error_ratio, limits):
        return DOWN
    if is_significant(failed, total, limits.degraded_error_ratio, limits):
        return DEGRADED
    return UNKNOWN if failed > SINGLE_FAILURE and failed / total >= limits.down_error_ratio else HEALTHY


SINGLE_FAILURE = 1  # a single failure proves nothing, however few requests there were


def status_from_error_ratio(total: float, failed: float, limits: JudgementSettings) -> str:
    """The status for this ratio of failures as it stands: whether trouble that was proven goes on."""
    if total < limits.requests:
        return UNKNOWN
    if failed <= SINGLE_FAILURE:
        return HEALTHY
    ratio = failed / total
    if ratio >= limits.down_error_ratio:
        return DOWN
    return DEGRADED if ratio > limits.degraded_error_ratio else HEALTHY


MAX_SUBJECTS = 1000


class StateChanges:
    """The last known status of each subject, and since when it holds: an older report is of another state.

    A subject that is unknown for a while has not changed.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, float]] = {}
        self._disagree: dict[str, float] = {}

    def record(self, subject: str, observed: str, now: float) -> float:
        """Record an observed status; returns the moment from which on a report can contradict it.

        The first status may have held for long, so any report can contradict it.
        """
        known = self._known.get(subject)
        if known is not None and observed in (known[0], UNKNOWN):
            return known[1]
        if observed == UNKNOWN or (known is None and len(self._known) >= MAX_SUBJECTS):
            return -inf
        self._known[subject] = (observed, -inf if known is None else now)
        return self._known[subject][1]

    def disagreement_since(self, subject: str, does: bool, now: float) -> float | None:
        """Since when a report has differed from the observed status (Unix seconds), else None."""
        if not does:
            self._disagree.pop(subject, None)
            return None
        if len(self._disagree) < MAX_SUBJECTS:
            self._disagree.setdefault(subject, now)
        return self._disagree.get(subject, now)
