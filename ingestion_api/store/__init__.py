"""What the service keeps in SQL."""

from ingestion_api.store.store import Store

__all__ = ["Store"]
