"""The in-process event bus: who hears of what, how long it took, and the last thousand events."""

import logging
import threading
import time
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from demo.logs import in_short

log = logging.getLogger(__name__)
Payload = dict[str, Any]
Hook = Callable[[Payload], None]
KEPT = 1000


class EventBus:
    """Delivers events to their hooks in the thread that emits them."""

    def __init__(self) -> None:
        self._hooks: dict[str, list[Hook]] = defaultdict(list)
        self._lock = threading.Lock()
        self.history: deque[Payload] = deque(maxlen=KEPT)
        self._types: Counter[str] = Counter()
        self._delivered = self._errors = 0
        self._hook_ms: deque[float] = deque(maxlen=KEPT)
        self._emission_ms: deque[float] = deque(maxlen=KEPT)
        self._hook_total = self._emission_total = 0.0

    def subscribe(self, name: str, hook: Hook) -> None:
        """Call this hook with the payload of each event of this name."""
        self._hooks[name].append(hook)

    def hooks_of(self, module: str) -> list[str]:
        """Names of the events that a module's own hooks hear."""
        return sorted(
            name
            for name, hooks in self._hooks.items()
            if any(hook.__module__.endswith(module) for hook in hooks)
        )

    def emit(self, name: str, data: Payload, priority: str = "NORMAL") -> None:
        """Record an event, then call its hooks one after the other; a failing hook stops no other."""
        with self._lock:
            self._types[name] += 1
            self.history.append(
                {"name": name, "data": data, "timestamp": datetime.now(UTC).isoformat(), "priority": priority,
                 "correlation_id": str(uuid.uuid4())}
            )  # fmt: skip
        if not self._hooks.get(name):
            return
        start = time.perf_counter()
        for hook in self._hooks[name]:
            self._deliver(name, hook, data)
        spent = (time.perf_counter() - start) * 1000
        with self._lock:
            self._emission_ms.append(spent)
            self._emission_total += spent

    def _deliver(self, name: str, hook: Hook, data: Payload) -> None:
        start = time.perf_counter()
        failed = False
        try:
            hook(data)
        except Exception as error:  # noqa: BLE001  the bus outlives any hook and counts its failure
            failed = True
            log.warning("hook for %s failed: %s", name, in_short(error))
        spent = (time.perf_counter() - start) * 1000
        with self._lock:
            self._hook_ms.append(spent)
            self._hook_total += spent
            self._errors += failed
            self._delivered += not failed

    def metrics(self) -> dict[str, Any]:
        """Counts since start, and latency quantiles in milliseconds over the last thousand."""
        with self._lock:
            return {
                "events_emitted": sum(self._types.values()),
                "events_delivered": self._delivered,
                "handler_errors": self._errors,
                "total_handler_time_ms": self._hook_total,
                "total_emission_time_ms": self._emission_total,
                "event_types": dict(self._types),
                **_quantiles("handler_latency", self._hook_ms),
                **_quantiles("emission_latency", self._emission_ms),
            }

    def latest(self, limit: int) -> list[Payload]:
        """The newest events, oldest first."""
        with self._lock:
            return list(self.history)[-limit:]


def _quantiles(name: str, spent: deque[float]) -> dict[str, float]:
    values = np.percentile(list(spent), (50, 95, 99)) if spent else (0.0, 0.0, 0.0)
    return {
        f"{name}_{label}": round(float(value), 2)
        for label, value in zip(("p50", "p95", "p99"), values, strict=True)
    }
