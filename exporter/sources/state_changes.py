"""Since when each subject has been observed as it is: a report from before that speaks of another state."""

from math import inf

from exporter.status import UNKNOWN

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
