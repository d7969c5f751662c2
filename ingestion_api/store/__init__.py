"""The service's database."""

from ingestion_api.store.store import Store

__all__ = ["Store"]
