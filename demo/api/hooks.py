"""What follows from an event: tasks for the workers and values that are no longer true."""

from demo.api.cache import Cache
from demo.api.events import EventBus, Payload
from demo.api.queueing import TaskQueue


class Hooks:
    """The nine hooks of the backend."""

    def __init__(self, cache: Cache, queue: TaskQueue) -> None:
        self._cache = cache
        self._queue = queue

    def subscribe(self, bus: EventBus) -> None:
        """Listen to every event that has consequences."""
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
        self._cache.forget(f"resource:{key}", f"quality:{key}")
        self._queue.send("update_search_index_task", key, priority=9)
        self._queue.send("invalidate_cache_task", key, priority=9)

    def resource_deleted(self, data: Payload) -> None:
        """A deleted resource leaves the cache."""
        self._cache.forget(f"resource:{data['resource_id']}")

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
