"""How each module answered during the last minute."""

import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass

WINDOW = 60.0


@dataclass(frozen=True)
class Share:
    """How many answers there were, and how many of them were server errors."""

    answers: int
    errors: int

    @property
    def ratio(self) -> float:
        """Errors among answers, 0..1."""
        return self.errors / self.answers if self.answers else 0.0


class RecentAnswers:
    """Counts answers and server errors by module over the last minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, deque[tuple[float, bool]]] = defaultdict(lambda: deque(maxlen=5000))

    def note(self, module: str, failed: bool) -> None:
        """Remember one answer."""
        with self._lock:
            self._answers[module].append((time.monotonic(), failed))

    def share(self, module: str) -> Share:
        """The answers of the last minute."""
        since = time.monotonic() - WINDOW
        with self._lock:
            found = [failed for at, failed in self._answers[module] if at >= since]
        return Share(len(found), sum(found))
