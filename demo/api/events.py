"""The in-process event bus and its hooks."""

import logging
import threading
import time
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from demo.api.cache import Cache
from demo.api.celery_client import TaskQueue
from demo.logs import short_error

log = logging.getLogger(__name__)
Payload = dict[str, Any]
Hook = Callable[[Payload], None]
HISTORY_LENGTH = 1000


class EventBus:
    """Delivers events to their hooks in the thread that emits them."""

    def __init__(self) -> None:
        self._hooks: dict[str, list[Hook]] = defaultdict(list)
        self._lock = threading.Lock()
        self.history: deque[Payload] = deque(maxlen=HISTORY_LENGTH)
        self._types: Counter[str] = Counter()
        self._delivered = self._errors = 0
        self._hook_ms: deque[float] = deque(maxlen=HISTORY_LENGTH)
        self._emission_ms: deque[float] = deque(maxlen=HISTORY_LENGTH)
        self._hook_total = self._emission_total = 0.0

    def subscribe(self, name: str, hook: Hook) -> None:
        """Call this hook with the payload of each event of this name."""
        self._hooks[name].append(hook)

    def hooks_of(self, module: str) -> list[str]:
        """Names of the events that a module's own hooks handle."""
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
            log.warning("hook for %s failed: %s", name, short_error(error))
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

    def newest(self, limit: int) -> list[Payload]:
        """The newest events, oldest first."""
        with self._lock:
            return list(self.history)[-limit:]


def _quantiles(name: str, spent: deque[float]) -> dict[str, float]:
    values = np.percentile(list(spent), (50, 95, 99)) if spent else (0.0, 0.0, 0.0)
    return {
        f"{name}_{label}": round(float(value), 2)
        for label, value in zip(("p50", "p95", "p99"), values, strict=True)
    }


class EventHooks:
    """The nine hooks of the backend."""

    def __init__(self, cache: Cache, queue: TaskQueue) -> None:
        self._cache = cache
        self._queue = queue

    def subscribe(self, bus: EventBus) -> None:
        """Subscribe every hook."""
        for name, hook in {
            "resource.created": self.resource_created,
            "resource.content_changed": self.content_changed,
            "resource.metadata_changed": self.metadata_changed,
            "resource.updated": self.resource_updated,
            "resource.deleted": self.resource_deleted,
            "citation.extracted": self.citations_extracted,
            "annotation.created": self.annotation_created,
            "collection.resource_added": self.collection_changed,
            "user.interaction_tracked": self.interaction_tracked,
        }.items():
            bus.subscribe(name, hook)

    def resource_created(self, data: Payload) -> None:
        """A new resource is scored soon, classified, embedded and cut into chunks."""
        key = data["resource_id"]
        self._queue.send("recompute_quality_task", key, delay=5)
        self._queue.send("classify_resource_task", key, delay=2)
        self._queue.send("regenerate_embedding_task", key, priority=7)
        self._queue.send("chunk_resource_task", key)

    def content_changed(self, data: Payload) -> None:
        """A changed text needs a new embedding."""
        self._queue.send("regenerate_embedding_task", data["resource_id"], priority=7)

    def metadata_changed(self, data: Payload) -> None:
        """Changed metadata show in the graph."""
        self._queue.send("update_graph_edges_task", data["resource_id"], delay=1)
        self._queue.send("extract_scholarly_metadata_task", data["resource_id"])

    def resource_updated(self, data: Payload) -> None:
        """A changed resource must be found and no longer be cached."""
        key = data["resource_id"]
        self._cache.delete(f"resource:{key}", f"quality:{key}")
        self._queue.send("update_search_index_task", key, priority=9)
        self._queue.send("invalidate_cache_task", key, priority=9)

    def resource_deleted(self, data: Payload) -> None:
        """A deleted resource leaves the cache."""
        self._cache.delete(f"resource:{data['resource_id']}")

    def citations_extracted(self, data: Payload) -> None:
        """New citations are resolved and weighed."""
        self._queue.send("compute_citation_importance_task", data["resource_id"])

    def annotation_created(self, data: Payload) -> None:
        """A note is a sign of quality."""
        self._queue.send("recompute_quality_task", data["resource_id"], delay=10, priority=2)

    def collection_changed(self, data: Payload) -> None:
        """A collection is the average of what is in it."""
        self._queue.send("update_collection_embeddings_task", data["collection_id"])

    def interaction_tracked(self, data: Payload) -> None:
        """A reader's profile follows what the reader does."""
        self._queue.send("refresh_recommendation_profile_task", data["user_id"], priority=3)
