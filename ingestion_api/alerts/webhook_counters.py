"""What the webhook did not keep as it came, counted since the start of the service."""

import threading


class WebhookCounters:
    """Alerts that could not be read, and alerts that Alertmanager left out of its calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.refused = 0
        self.truncated = 0

    def add(self, refused: int, truncated: int) -> None:
        """Count those of one call."""
        with self._lock:
            self.refused += refused
            self.truncated += truncated
